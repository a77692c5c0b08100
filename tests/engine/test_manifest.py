"""The manifest saves reading, and never hides a change."""

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.cache.keys import make_manifest_key
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.manifest import Manifest, Seen, Signature, settle_signature, signature_of
from chunkflow.model.framing import join

SECOND_NS = 1_000_000_000
NOW_NS = 1_700_000_000 * SECOND_NS + 5
SEEN = Seen(Signature(10, 11, 12, 13), bytes(range(16)))


@pytest.fixture
def tiers() -> Tiers:
    return Tiers(MemoryTier(1 << 20), None, warn=lambda _: None)


def saved(tiers: Tiers, path: str, seen: Seen = SEEN) -> None:
    manifest = Manifest(tiers, [path])
    manifest.note(path, seen)
    manifest.save()


def test_what_was_noted_is_seen_by_a_later_run(tiers: Tiers) -> None:
    saved(tiers, "/p/a.ts")
    manifest = Manifest(tiers, ["/p/a.ts", "/p/b.ts", "/q/a.ts"])
    assert manifest.seen("/p/a.ts") == SEEN
    assert manifest.seen("/p/b.ts") is None
    assert manifest.seen("/q/a.ts") is None


def test_nothing_is_seen_before_it_is_saved(tiers: Tiers) -> None:
    Manifest(tiers, ["/p/a.ts"]).note("/p/a.ts", SEEN)
    assert Manifest(tiers, ["/p/a.ts"]).seen("/p/a.ts") is None


def test_manifest_without_entries_is_false(tiers: Tiers) -> None:
    assert not Manifest(tiers, ["/p/a.ts"])
    saved(tiers, "/p/a.ts")
    assert Manifest(tiers, ["/p/b.ts"])
    assert not Manifest(tiers, [])


def test_file_that_is_gone_is_forgotten(tiers: Tiers) -> None:
    saved(tiers, "/p/a.ts")
    manifest = Manifest(tiers, ["/p/a.ts"])
    manifest.forget("/p/a.ts")
    manifest.forget("/p/a.ts")
    manifest.save()
    assert not Manifest(tiers, ["/p/a.ts"])


def test_nothing_is_written_where_nothing_changed(
    tiers: Tiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tiers, "/p/a.ts")
    written: list[object] = []
    monkeypatch.setattr(tiers, "put_many", written.append)
    manifest = Manifest(tiers, ["/p/a.ts"])
    manifest.note("/p/a.ts", SEEN)
    manifest.save()
    assert written == []


def test_folders_are_written_once(tiers: Tiers, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Manifest(tiers, ["/p/a.ts", "/q/b.ts"])
    manifest.note("/p/a.ts", SEEN)
    written: list[object] = []
    monkeypatch.setattr(tiers, "put_many", written.extend)
    manifest.save()
    manifest.save()
    assert len(written) == 1


def test_names_of_any_bytes_are_kept(tiers: Tiers) -> None:
    path = os.fsdecode(b"/p/\xff\n.ts")
    saved(tiers, path)
    assert Manifest(tiers, [path]).seen(path) == SEEN


def test_inode_too_large_for_a_record_is_kept(tiers: Tiers) -> None:
    numbers = [0, (1 << 64) - 1, *[0] * 8]
    signature = signature_of(os.stat_result(numbers, {"st_mtime_ns": 1, "st_ctime_ns": 2}))
    saved(tiers, "/p/a.ts", Seen(signature, bytes(16)))
    seen = Manifest(tiers, ["/p/a.ts"]).seen("/p/a.ts")
    assert seen is not None
    assert seen.signature == signature


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns"),
    [
        (NOW_NS - SECOND_NS, NOW_NS - SECOND_NS),
        (5, NOW_NS - SECOND_NS),
        (NOW_NS - 3 * SECOND_NS - 5, NOW_NS - 3 * SECOND_NS - 5),
        (-5, NOW_NS - SECOND_NS),
    ],
)
def test_file_older_than_the_look_is_settled(mtime_ns: int, ctime_ns: int) -> None:
    signature = Signature(1, mtime_ns, ctime_ns, 2)
    assert settle_signature(signature, NOW_NS) == signature


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns"),
    [
        pytest.param(NOW_NS, NOW_NS, id="changed at the look"),
        pytest.param(5, NOW_NS - 1, id="mtime set back"),
        pytest.param(NOW_NS + SECOND_NS, 5, id="mtime in the future"),
        pytest.param(NOW_NS - SECOND_NS - 5, NOW_NS - SECOND_NS - 5, id="whole seconds"),
        pytest.param(1 << 63, 5, id="later than a record can hold"),
        pytest.param(-(1 << 70), 5, id="earlier than a record can hold"),
    ],
)
def test_file_that_may_yet_change_unseen_is_not_settled(mtime_ns: int, ctime_ns: int) -> None:
    signature = Signature(1, mtime_ns, ctime_ns, 2)
    assert settle_signature(signature, NOW_NS) != signature


@given(st.binary())
def test_no_record_makes_reading_raise(payload: bytes) -> None:
    tiers = Tiers(MemoryTier(1 << 20), None, warn=lambda _: None)
    tiers.put_many([(make_manifest_key("/p"), payload)])
    Manifest(tiers, ["/p/a.ts"]).seen("/p/a.ts")


@pytest.mark.parametrize(
    "parts",
    [
        [b"a.ts", bytes(32)],
        [b"a.ts", bytes(31), bytes(16)],
        [b"a.ts", bytes(64), bytes(16)],
        [b"a.ts", bytes(32), bytes(15)],
        [b"\xff\xff.ts\0b.ts", bytes(32), bytes(16)],
    ],
)
def test_record_of_another_shape_counts_as_missing(tiers: Tiers, parts: list[bytes]) -> None:
    tiers.put_many([(make_manifest_key("/p"), join(parts))])
    assert not Manifest(tiers, ["/p/a.ts"])


def test_files_that_are_gone_are_forgotten(tiers: Tiers, tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.ts", "b.ts", "c.ts")]
    manifest = Manifest(tiers, names)
    for name in names:
        manifest.note(name, Seen(Signature(1, 2, 3, 4), bytes(16)))
    (tmp_path / "b.ts").symlink_to("nowhere")
    assert manifest.forget_gone() == 2
    assert manifest.forget_gone() == 0
    manifest.save()
    later = Manifest(tiers, names)
    assert [later.seen(name) is not None for name in names] == [False, True, False]


def test_what_is_noted_in_any_number_of_folders_is_kept(tiers: Tiers) -> None:
    folders = [f"/p/{number}" for number in range(300)]
    paths = [f"{folder}/{name}" for name in ("b.ts", "a.ts") for folder in folders]
    manifest = Manifest(tiers, paths)
    for number, path in enumerate(paths):
        manifest.note(path, Seen(Signature(number, 11, 12, 13), SEEN.digest))
    manifest.forget("/p/0/a.ts")
    manifest.save()
    later = Manifest(tiers, paths)
    found = [later.seen(path) for path in paths]
    assert found.pop(300) is None
    assert [seen and seen.signature.size_bytes for seen in found] == [*range(300), *range(301, 600)]


def test_later_note_takes_the_place_of_the_earlier(tiers: Tiers) -> None:
    manifest = Manifest(tiers, ["/p/a.ts"])
    other = Seen(Signature(20, 21, 22, 23), bytes(16))
    for path, seen in (("/p/a.ts", SEEN), ("/p/b.ts", SEEN), ("/p/a.ts", other)):
        manifest.note(path, seen)
    manifest.save()
    later = Manifest(tiers, ["/p/a.ts"])
    assert [manifest.seen("/p/a.ts"), later.seen("/p/a.ts")] == [other, other]
    assert later.seen("/p/b.ts") == SEEN


def test_digest_of_another_length_is_not_kept_and_moves_no_other(tiers: Tiers) -> None:
    manifest = Manifest(tiers, ["/p/a.ts"])
    manifest.note("/p/a.ts", SEEN._replace(digest=b"short"))
    manifest.note("/p/b.ts", SEEN)
    manifest.save()
    later = Manifest(tiers, ["/p/a.ts"])
    assert later.seen("/p/a.ts") is None
    assert later.seen("/p/b.ts") == SEEN


def test_of_folders_that_were_gone_through_little_is_held() -> None:
    tiers = Tiers(MemoryTier(1 << 23), None, warn=lambda _: None)
    paths = [f"/p/{folder}/{name}.ts" for folder in range(400) for name in range(25)]
    manifest = Manifest(tiers, paths)
    for path in paths:
        manifest.note(path, SEEN)
    manifest.save()
    tracemalloc.start()
    try:
        later = Manifest(tiers, paths)
        assert all(later.seen(path) for path in paths)
        held_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held_bytes < 150 * len(paths)
