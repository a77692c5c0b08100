"""Functions of users as processors."""

from collections.abc import Callable
from typing import Any

import pytest

from chunkflow.errors import UnknownProcessor, UsageError
from chunkflow.model.finding import Finding, Outcome
from chunkflow.processors.code import CodeLog
from chunkflow.processors.isolation import isolate
from chunkflow.processors.python import PythonProcessor
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


def load(name: str, root: str) -> PythonProcessor:
    """The function as it is now, in this process, whose imports are not observed."""
    return PythonProcessor(name, {}, root=root, log=CodeLog())


def run(name: str, root: str) -> list[Outcome]:
    parsed = Chunker("typescript").parse(SOURCE)
    chunks = [chunk._replace(path="a.ts") for chunk in parsed.chunks]
    loaded = load(f"rules:{name}", root)
    handed = [isolate(chunk, loaded.context) for chunk in chunks]
    return list(loaded.process(handed, SOURCE, ()))


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
    loaded = load("rules:declared", rules)
    assert (loaded.version, loaded.max_chunk_bytes, loaded.context) == ("7", 100, ("path", "scope"))
    assert not loaded.expensive


def test_function_need_not_be_marked(rules: str) -> None:
    loaded = load("rules:plain", rules)
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
        load(name, rules)


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
        load("broken:rule", root)


def test_source_of_the_module_tells_descriptions_apart(write_module: WriteModule) -> None:
    codes = []
    for name, text in [("one", "1"), ("two", "2")]:
        root = write_module(f"rules_{name}", f"def rule(chunk):\n    return {text}\n")
        write_module("shown", f"from rules_{name} import rule\n")
        codes.append(load("shown:rule", root).description.code)
    assert [sorted(code) for code in codes] == [
        ["module rules_one", "module shown"],
        ["module rules_two", "module shown"],
    ]
    assert len({digest for code in codes for digest in code.values()}) == 4


def test_code_is_told_by_the_bytes_of_each_module(write_module: WriteModule) -> None:
    root = write_module("rules", "from helping import word\ndef rule(chunk): return word\n")
    write_module("helping", "word = 1\n")
    before = load("rules:rule", root).description.code
    write_module("helping", "word = 2\n")
    write_module("rules", "from helping import word\ndef rule(chunk): return word\n")
    after = load("rules:rule", root).description.code
    assert before.keys() == after.keys() == {"module rules", "module helping"}
    assert before["module rules"] == after["module rules"]
    assert before["module helping"] != after["module helping"]


def test_declarations_tell_descriptions_apart(rules: str) -> None:
    plain, declared = (load(f"rules:{name}", rules).description for name in ("plain", "declared"))
    assert plain.declared != declared.declared
    assert plain.code == declared.code


OPTIONS = """
def keyword(chunk, *, options): return options
def default(chunk, options=None): return options
def positional(chunk, options, /): pass
def plain(chunk): return "plain"
"""


@pytest.mark.parametrize(
    ("name", "value"), [("keyword", {"a": 1}), ("default", {"a": 1}), ("plain", "plain")]
)
def test_settings_reach_the_function_that_wants_them(
    write_module: WriteModule, name: str, value: object
) -> None:
    root = write_module("rules", OPTIONS)
    loaded = PythonProcessor(f"rules:{name}", {"a": 1}, root=root, log=CodeLog())
    assert loaded.description.takes_options == (name != "plain")
    [chunk] = Chunker("typescript").parse(b"let a").chunks
    assert [outcome.value for outcome in loaded.process([chunk], b"", ())] == [value]


def test_parameter_that_has_no_name_for_callers_takes_no_options(write_module: WriteModule) -> None:
    root = write_module("rules", OPTIONS)
    assert not load("rules:positional", root).description.takes_options


def test_function_that_is_as_described_is_loaded(rules: str) -> None:
    described = load("rules:declared", rules).description
    loaded = PythonProcessor("rules:declared", {}, root=rules, log=CodeLog(), described=described)
    assert (loaded.description, loaded.version) == (described, "7")


@pytest.mark.parametrize("change", [{"version": "8"}, {"expensive": True}, {"context": ()}])
def test_function_that_is_not_as_described_is_refused(rules: str, change: dict[str, Any]) -> None:
    described = load("rules:declared", rules).description._replace(**change)
    with pytest.raises(UsageError, match="has just been changed; run again"):
        PythonProcessor("rules:declared", {}, root=rules, log=CodeLog(), described=described)
