"""The tables `[processors.NAME]`, of our own processors and of users' functions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow import ChunkFlow
from chunkflow.errors import SettingsError

Rules = Callable[[str], Path]
Save = Callable[[str, str], Path]

RULES = """
from chunkflow import processor

def plain(chunk):
    return chunk.name

def told(chunk, options):
    seen = repr(sorted(options.items()))
    options["seen"] = chunk.name
    options.get("names", []).append(chunk.name)
    return seen

@processor(expensive=False)
def quick(chunk, *, options):
    return told(chunk, options)
"""

PYPROJECT = ("pyproject.toml", "tool.chunkflow.processors")
OWN = ("chunkflow.toml", "processors")


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        ChunkFlow()
    return str(caught.value)


@pytest.mark.parametrize(("file", "prefix"), [OWN, PYPROJECT])
@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[{}.metrix]\nmax_sloc = 3", 1, 'unknown processor "metrix" in [processors.metrix]; did'),
        ("[{}.metrix]", 1, 'unknown processor "metrix" in [processors.metrix]; did you mean "met'),
        ("[{}.metrix.deep]\na = 1", 1, 'unknown processor "metrix" in [processors.metrix]; did'),
        ("\n[{}]\nmetrix.a = 1", 3, 'unknown processor "metrix" in [processors.metrix]; did you'),
        ("[{}]\n'' = {{}}", 2, 'unknown processor "" in [processors.]; there are chunks, metrics'),
        ("[{}.other]", 1, 'unknown processor "other" in [processors.other]; there are chunks, met'),
        (
            "[{}.metrics]\nmax_sloc = 1\nmax_cognitve = 3",
            3,
            'unknown setting "processors.metrics.max_cognitve"; did you mean "processors.metrics.m',
        ),
        (
            "\n{}.metrics.max_slok = 3",
            2,
            'unknown setting "processors.metrics.max_slok"; did you mean "processors.metrics.max_s',
        ),
        (
            "[{}]\nmetrics = {{ max_sloc = 'many' }}",
            2,
            '"processors.metrics.max_sloc" must be a whole number of at least 0, not "many"',
        ),
        ("[{}.metrics.max_sloc]\na = 1", 1, '"processors.metrics.max_sloc" must be a whole'),
        ("[{}.chunks]\n\nany = 1", 3, 'unknown setting "processors.chunks.any"; it has none'),
    ],
)
def test_wrong_table_is_told_with_its_place(
    save: Save, file: str, prefix: str, text: str, line: int, message: str
) -> None:
    save(file, text.format(prefix))
    assert refusal().startswith(f"{file}:{line}: {message}")


def test_wrong_table_of_a_call_has_no_place(project: Path) -> None:
    with pytest.raises(SettingsError, match=r'^unknown processor "metrix" in'):
        ChunkFlow(processors={"metrix": {}})
    with pytest.raises(SettingsError, match=r'^unknown setting "processors.metrics.max"'):
        ChunkFlow(processors={"metrics": {"max": 1}})


def test_table_of_a_processor_that_does_not_run_is_fine(save: Save) -> None:
    save("a.ts", "let a\n")
    save(
        "chunkflow.toml",
        '[processors]\nenabled = ["chunks"]\n[processors.metrics]\nmax_sloc = 1\n'
        '[processors."nowhere:rule"]\nany = 1\n',
    )
    with ChunkFlow() as flow:
        assert not flow.optimize_files().totals.failed


@pytest.mark.parametrize(
    "name", ["rules:told", pytest.param("rules:quick", marks=pytest.mark.slow)]
)
def test_function_is_told_its_table(save: Save, rules: Rules, name: str) -> None:
    save("a.ts", "let a\nlet b\n")
    rules(RULES)

    def run(text: str) -> tuple[list[object], int]:
        save("chunkflow.toml", f'[processors."{name}"]\n{text}\n')
        with ChunkFlow() as flow:
            report = flow.optimize_files(["a.ts"], processors=[name])
        (file,) = report.files
        assert file.error is None
        return [result.value for result in file.results[name]], report.totals.reran

    first = "[('most', 3), ('names', ['x'])]"
    assert run('most = 3\nnames = ["x"]') == ([first, first], 2)
    assert run('names = ["x"]\nmost = 3') == ([first, first], 2)  # a function may go by the order
    # They are in the key, and so is that there are none.
    assert run("most = 4") == (["[('most', 4)]"] * 2, 2)
    assert run("") == (["[]"] * 2, 2)
    assert run("most = 4") == (["[('most', 4)]"] * 2, 0)


@pytest.mark.parametrize(("file", "prefix"), [OWN, PYPROJECT])
def test_table_of_a_function_that_takes_none_is_refused(
    save: Save, rules: Rules, file: str, prefix: str
) -> None:
    save("a.ts", "let a\n")
    rules(RULES)
    save(file, f'\n[{prefix}."rules:plain"]\nmost = 3\n')
    with ChunkFlow() as flow, pytest.raises(SettingsError) as caught:
        flow.optimize_files(["a.ts"], processors=["rules:plain"])
    assert str(caught.value) == (
        f'{file}:2: [processors."rules:plain"] has settings, but rules:plain takes none; add a'
        " parameter named options to the function, or remove the table"
    )


def test_variable_without_effect_is_told_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNKFLOW_AUTO_OPTIMIZE", "true")
    told: list[str] = []
    with ChunkFlow(on_warning=told.append) as flow:
        report = flow.optimize_files([])
    assert told == list(report.warnings) == ["CHUNKFLOW_AUTO_OPTIMIZE has no effect yet"]
