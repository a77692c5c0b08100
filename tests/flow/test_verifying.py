"""A program verifies its cache; what can be found is shown in tests/cli."""

from collections.abc import Callable
from pathlib import Path

from chunkflow import ChunkFlow

Save = Callable[..., Path]


def test_share_is_verified_and_with_all_of_it_every_seal(save: Save) -> None:
    for number in range(10):
        save(f"{number}.ts", f"let a = {number}\n")
    with ChunkFlow() as flow:
        flow.optimize_files()
        some = flow.verify_cache(percent=20, seed="x")
        assert (some.files, some.checked, some.records, some.is_sound) == (10, 2, 0, True)
        everything = flow.verify_cache(percent=100)
        assert (everything.checked, everything.records, everything.damaged) == (10, 12, 0)


def test_path_that_cannot_be_taken_is_no_sound_verification(save: Save) -> None:
    with ChunkFlow() as flow:
        found = flow.verify_cache(["gone.ts"])
    assert found.failed == ("cannot read gone.ts: no such file",)
    assert not found.is_sound
