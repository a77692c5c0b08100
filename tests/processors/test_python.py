"""Functions of users as processors."""

from collections.abc import Callable

import pytest

from chunkflow.errors import UnknownProcessor, UsageError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome
from chunkflow.processors.python import PythonProcessor, load_function, processor
from chunkflow.syntax.chunker import Chunker

WriteModule = Callable[[str, str], str]

SOURCE = b"let before\n\n// why\nfunction f() {\n  g()\n}\n\nclass A {\n  b() {}\n}\n"

RULES = """
from chunkflow import Finding, processor

@processor(version="7", max_chunk_bytes=100, context=("scope", "path"), expensive=False)
def declared(chunk):
    return [repr(chunk.path), chunk.scope, chunk.container, chunk.imports]

def plain(chunk):
    return chunk.name

def told(chunk, options):
    return options

def places(chunk):
    return [chunk.start_byte, chunk.end_byte, chunk.decl_start_byte, chunk.decl_end_byte,
            chunk.start_line, chunk.end_line, chunk.text]

def finding(chunk):
    return Finding("found", start_line=2)

def fails(chunk):
    if chunk.kind == "function":
        return helper(chunk)
    return 1

def helper(chunk):
    raise ValueError("no good")

def exits(chunk):
    raise SystemExit

def greedy(chunk):
    raise MemoryError

class Silent(Exception):
    def __str__(self):
        raise RuntimeError

def silent(chunk):
    raise Silent

def wrong(chunk):
    return {chunk.kind}

not_callable = 1
"""


@pytest.fixture
def rules(write_module: WriteModule) -> str:
    """The folder of a module `rules` of a user's."""
    return str(write_module("rules", RULES))


def run(name: str, root: str) -> list[Outcome]:
    parsed = Chunker("typescript").parse(SOURCE)
    chunks = [chunk._replace(path="a.ts") for chunk in parsed.chunks]
    loaded = load_function(f"rules:{name}", {}, root=root)
    return list(loaded.process(chunks, SOURCE, parsed.roots))


def test_function_gets_each_chunk_in_order(rules: str) -> None:
    assert [outcome.value for outcome in run("plain", rules)] == ["before", "f", "A", "b"]


def test_chunk_counts_from_its_own_start(rules: str) -> None:
    places = [outcome.value for outcome in run("places", rules)]
    text = "// why\nfunction f() {\n  g()\n}"
    assert places[1] == [0, len(text), 7, len(text), 1, 4, text]


def test_declaration_of_a_container_ends_with_its_header(rules: str) -> None:
    places = [outcome.value for outcome in run("places", rules)]
    assert places[2] == [0, 9, 0, 9, 1, 1, "class A {"]


def test_only_what_was_declared_is_seen(rules: str) -> None:
    assert run("declared", rules)[3].value == ["'a.ts'", ["A"], None, None]


def test_what_was_declared_is_told(rules: str) -> None:
    loaded = PythonProcessor("rules:declared", {}, root=rules)
    assert (loaded.version, loaded.max_chunk_bytes, loaded.context) == ("7", 100, ("path", "scope"))
    assert not loaded.expensive


def test_function_need_not_be_marked(rules: str) -> None:
    loaded = PythonProcessor("rules:plain", {}, root=rules)
    assert (loaded.version, loaded.max_chunk_bytes, loaded.context) == ("1", None, ())
    assert loaded.expensive


def test_findings_are_kept_as_they_are(rules: str) -> None:
    assert run("finding", rules)[1].findings == (Finding("found", start_line=2),)


def test_exception_costs_its_chunk_only(rules: str) -> None:
    outcomes = run("fails", rules)
    assert [outcome.value for outcome in outcomes] == [1, None, 1, 1]
    line = RULES.split("\n").index('    raise ValueError("no good")') + 1
    assert outcomes[1].error == (
        f'processor "rules:fails" raised ValueError: no good (line {line} of {rules}/rules.py)'
    )


def test_exit_is_an_error_of_the_chunk(rules: str) -> None:
    assert "raised SystemExit (line" in str(run("exits", rules)[0].error)


def test_lack_of_memory_is_no_matter_of_the_chunk(rules: str) -> None:
    with pytest.raises(MemoryError):
        run("greedy", rules)


def test_exception_that_cannot_be_told_is_an_error_all_the_same(rules: str) -> None:
    assert "raised Silent (line" in str(run("silent", rules)[0].error)


def test_exception_without_code_of_the_users_has_no_place(write_module: WriteModule) -> None:
    root = write_module("rules", "from builtins import next as rule\n")
    assert run("rule", root)[0].error == (
        "processor \"rules:rule\" raised TypeError: 'Chunk' object is not an iterator"
    )


def test_wrong_result_is_an_error_of_the_chunk(rules: str) -> None:
    error = run("wrong", rules)[0].error
    assert str(error).startswith('processor "rules:wrong" gave a wrong result: what it returned is')


def test_place_in_a_library_is_told_if_there_is_no_other(write_module: WriteModule) -> None:
    root = write_module("rules", "from json import loads as rule\n")
    assert "of " in str(run("rule", root)[0].error)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("rulez:plain", UnknownProcessor, 'there is no module "rulez" for processor "rulez:plain"'),
        ("rules:plane", UnknownProcessor, 'no "plane" in rules; did you mean "rules:plain"?'),
        ("rules:zzzzz", UnknownProcessor, 'no "zzzzz" in rules$'),
        ("rules:", UnknownProcessor, 'there is no "" in rules'),
        (":plain", UsageError, 'cannot load processor ":plain"'),
        ("rules.sub:plain", UnknownProcessor, 'there is no module "rules.sub"'),
        ("rules:not_callable", UsageError, "is a int, which cannot be called with a chunk"),
    ],
)
def test_name_without_a_function_is_explained(
    rules: str, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_function(name, {}, root=rules)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", r"importing broken raised ZeroDivisionError: .* \(line 1 of .*broken\.py\)"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("import no_such_module", "raised ModuleNotFoundError: No module named 'no_such_module'"),
        ("def (", "raised SyntaxError"),
    ],
)
def test_module_that_cannot_be_imported_is_explained(
    write_module: WriteModule, text: str, message: str
) -> None:
    root = write_module("broken", text + "\n")
    with pytest.raises(UsageError, match=message):
        load_function("broken:rule", {}, root=root)


def test_source_of_the_module_tells_fingerprints_apart(write_module: WriteModule) -> None:
    prints = set()
    for name, text in [("one", "1"), ("two", "2")]:
        root = write_module(f"rules_{name}", f"def rule(chunk):\n    return {text}\n")
        write_module("shown", f"from rules_{name} import rule\n")
        prints.add(load_function("shown:rule", {}, root=root).fingerprint())
    assert len(prints) == 2


def test_settings_and_declarations_tell_fingerprints_apart(rules: str) -> None:
    prints = {
        load_function("rules:plain", {}, root=rules).fingerprint(),
        load_function("rules:told", {"a": 1}, root=rules).fingerprint(),
        load_function("rules:told", {}, root=rules).fingerprint(),
        load_function("rules:declared", {}, root=rules).fingerprint(),
    }
    assert len(prints) == 4


def test_marked_function_stays_callable() -> None:
    @processor(context=["path"])
    def kind(chunk: Chunk) -> str:
        return chunk.kind

    [chunk] = Chunker("typescript").parse(b"let a").chunks
    assert kind(chunk) == "variable"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": 1}, 'version must be a text such as "1", not 1'),
        ({"max_chunk_bytes": 0}, "max_chunk_bytes must be a whole number above 0, not 0"),
        ({"max_chunk_bytes": True}, "max_chunk_bytes must be"),
        ({"context": "path"}, r'context must be a tuple such as \("path",\), not \'path\''),
        ({"context": ("file",)}, "cannot hold 'file'; it may hold path, scope, container, imports"),
    ],
)
def test_wrong_declaration_is_explained(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        processor(**arguments)  # type: ignore[arg-type]
