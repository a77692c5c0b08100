"""What functions see of a large file does not depend on how the file is held or cut."""

from pathlib import Path
from typing import Any

import pytest

from chunkflow import ChunkFlow

RULE = """
from chunkflow import processor

@processor(context=("imports",))
def seen(chunk):
    return [chunk.name, chunk.imports]

@processor(context=("imports",), expensive=False)
def quick(chunk):
    return [chunk.name, chunk.imports]
"""
FUNCTIONS = [
    f"export function f{n}(a: number) {{\n  return a + {n} // {'-' * 60}\n}}\n" for n in range(1500)
]
IMPORTS = ['import first from "first"\n', 'import last from "last"\n']
SOURCE = "\n".join([IMPORTS[0], *FUNCTIONS, IMPORTS[1]])
THRESHOLDS = (1, 50_000, 100_000_000)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "r.py").write_text(RULE)
    (tmp_path / "a.ts").write_text(SOURCE)
    return tmp_path


def run(project: Path, name: str, threshold: int) -> tuple[int, list[Any]]:
    with ChunkFlow(
        root=project, parallel_operations=1, streaming_threshold_bytes=threshold
    ) as flow:
        report = flow.optimize_files(["a.ts"], processors=[name])
    (file,) = report.files
    assert file.error is None
    return report.totals.reran, [result.value for result in file.results[name]]


@pytest.mark.parametrize("name", ["r:seen", "r:quick"])
def test_every_function_sees_all_imports_at_any_threshold(name: str, project: Path) -> None:
    expected = [text.strip() for text in IMPORTS]
    for threshold in THRESHOLDS:
        _, values = run(project, name, threshold)
        assert {imports for _, imports in values} == {"\n".join(expected)}
    reran, _ = run(project, name, THRESHOLDS[1])
    assert reran == 0


@pytest.mark.parametrize("name", ["r:seen", "r:quick"])
def test_edit_of_one_function_reruns_it_and_an_edit_of_an_import_all(
    name: str, project: Path
) -> None:
    file = project / "a.ts"
    assert run(project, name, THRESHOLDS[0])[0] == len(FUNCTIONS) + len(IMPORTS)
    file.write_text(SOURCE.replace("return a + 777 ", "return a - 777 "))
    for threshold in THRESHOLDS:
        assert run(project, name, threshold)[0] == (threshold == THRESHOLDS[0])
    file.write_text(SOURCE.replace('"last"', '"other"'))
    assert run(project, name, THRESHOLDS[1])[0] == len(FUNCTIONS) + len(IMPORTS)
