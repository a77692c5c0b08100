"""A program asks what a run would find; the reasons are shown in tests/cli."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chunkflow import ChunkFlow
from chunkflow.flow import processor_set

Save = Callable[..., Path]


def test_tiers_are_told_and_stay_as_they_are(save: Save) -> None:
    save("a.ts", "let a = 1\n")
    with ChunkFlow() as flow:
        flow.optimize_files()
        for tier in ("l1", "l1"):
            (file,) = flow.explain(["a.ts"])
            assert [chunk.tier for chunk in file.chunks] == [tier]
        flow.clear_caches("l1")
        for tier in ("l3", "l3"):
            (file,) = flow.explain(["a.ts"])
            assert [chunk.tier for chunk in file.chunks] == [tier]


def test_files_are_in_order_and_problems_among_them(save: Save) -> None:
    save("b/c.ts", "let c = 1\n")
    save("b/a.ts", "let a = 1\n")
    with ChunkFlow() as flow:
        files = flow.explain(["b", "aa.ts", "x.txt"], processors=["chunks"])
    assert [file.path for file in files] == ["aa.ts", "b/a.ts", "b/c.ts", "x.txt"]
    assert [file.error is None for file in files] == [False, True, True, False]


@pytest.mark.parametrize(("owns_process", "times"), [(True, 1), (False, 2)])
def test_functions_are_described_once_where_only_one_run_is_to_come(
    save: Save,
    rules: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    owns_process: bool,
    times: int,
) -> None:
    """Between two runs of a program they may change."""
    save("a.ts", "let a = 1\n")
    rules("def shout(chunk): return chunk.text.upper()\n")
    described = []
    describe = processor_set.describe_functions

    def count(names: Sequence[str], **options: Any) -> Any:
        described.append(names)
        return describe(names, **options | {"fork": False})

    monkeypatch.setattr(processor_set, "describe_functions", count)
    with ChunkFlow(owns_process=owns_process, parallel_operations=1) as flow:
        (file,) = flow.explain(["a.ts"], processors=["rules:shout"])
        report = flow.optimize_files(["a.ts"], processors=["rules:shout"])
    assert (file.error, report.totals.reran) == (None, 1)
    assert described == [["rules:shout"]] * times
