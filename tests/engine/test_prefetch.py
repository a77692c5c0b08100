"""What later runs need is brought into memory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow import ChunkFlow
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.options import Wanted
from chunkflow.engine.prefetch import prefetch_records
from chunkflow.flow import cache as opened_cache

Save = Callable[..., Path]


def tiers_of(flow: ChunkFlow) -> set[str | None]:
    return {chunk.tier for file in flow.explain(["in"]) for chunk in file.chunks}


def test_what_l1_has_no_room_for_is_in_l2(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        save(f"in/{number}.ts", f"let a = {number}\n")
    with ChunkFlow() as flow:
        flow.optimize_files()
    monkeypatch.setattr(opened_cache, "_L1_BYTES", 1000)
    with ChunkFlow() as flow:
        assert tiers_of(flow) == {"l3"}
        report = flow.warm_cache(["in"])
        assert (report.totals.reran, report.totals.reused) == (0, 20)
        assert "l3" not in tiers_of(flow)
        assert "l2" in tiers_of(flow)


def test_what_was_put_down_by_others_is_prefetched(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("in/a.ts", "let a = 1\n")
    monkeypatch.setattr(opened_cache, "_L1_BYTES", 0)
    with ChunkFlow() as flow:
        flow.warm_cache()
        flow.clear_caches("l2")
        assert tiers_of(flow) == {"l3"}
        flow.warm_cache()
        assert tiers_of(flow) == {"l2"}


def test_what_cannot_be_read_is_told_once_and_left_out(save: Save, project: Path) -> None:
    save("in/a.ts", "let a = 1\n")
    with ChunkFlow() as flow:
        report = flow.warm_cache(["in", "gone.ts"])
    assert [file.status for file in report.files] == ["failed", "changed"]


def test_file_that_vanishes_meanwhile_is_left_out(save: Save, project: Path) -> None:
    tiers = Tiers(MemoryTier(1 << 20), None, warn=pytest.fail)
    path = save("new.ts", "let a = 1\n")
    files = [Wanted("gone.ts", str(project / "gone.ts"), True), Wanted("new.ts", str(path), True)]
    assert prefetch_records(files, tiers, ()) == 0
