"""A program asks what a run would find; the reasons are shown in tests/cli."""

from collections.abc import Callable
from pathlib import Path

from chunkflow import ChunkFlow

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
