"""Why chunks are not in a record; what a user reads of it is tested with `--explain`."""

from collections.abc import Sequence
from hashlib import blake2b

import pytest

from chunkflow.engine.audit.nearest import Nearest, reasons_against
from chunkflow.engine.audit.seen import SeenChunk
from chunkflow.engine.records.files import FileRecord, packed, rows_json, unpack

KINDS = {"f": b"\x01", "c": b"\x02"}


def key_of(text: str) -> bytes:
    """The local key of a chunk such as `f:text@context`; empty is one that failed."""
    if not text:
        return bytes(25)
    kind, _, rest = text.partition(":")
    body, _, context = rest.partition("@")
    seen = blake2b(context.encode(), digest_size=8).digest()
    return blake2b(body.encode(), digest_size=16).digest() + KINDS[kind] + seen


def chunk_of(text: str, name: str | None = None) -> SeenChunk:
    key = key_of(text)
    return SeenChunk("function", name, (), 1, 1, key[:16], key)


def record_of(texts: Sequence[str], names: Sequence[str | None] = ()) -> FileRecord:
    values = [(index, "00", "function", name, 1, 1, 0) for index, name in enumerate(names) if name]
    payload = packed(
        complete=all(texts),
        chunks=len(texts),
        findings=0,
        size_bytes=1,
        local_keys=b"".join(map(key_of, texts)),
        findings_json=b"[]",
        values_json=b"[" + rows_json(values) + b"]",
    )
    record = unpack(payload)
    assert record is not None
    return record


def reasons(
    before: Sequence[str],
    now: Sequence[str],
    differing: tuple[str, ...] = (),
    *,
    is_same_content: bool = False,
) -> list[tuple[str, ...]]:
    known = {key_of(text) for text in before}
    chunks = [chunk_of(text) for text in now]
    missing = [i for i, c in enumerate(chunks) if differing or c.local_key not in known]
    found = reasons_against(Nearest(record_of(before), differing, is_same_content), chunks, missing)
    return [found.get(index, ()) for index in range(len(chunks))]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("f:a f:b", "f:a f:B", [(), ("text",)]),
        ("f:a f:b", "f:A f:B", [("text",), ("text",)]),
        ("f:a f:b", "f:a f:n f:b", [(), ("new",), ()]),
        ("f:a f:b", "f:a c:n f:B", [(), ("new",), ("text",)]),
        ("f:a f:b", "f:a c:b", [(), ("new",)]),
        ("f:a", "f:a f:n", [(), ("new",)]),
        ("", "f:a", [("new",)]),
        ("f:a@k f:b@k", "f:a@l f:b@k", [("context",), ()]),
        ("f:a@k f:b@k", "f:B@l f:a@l", [("new",), ("context",)]),
    ],
)
def test_chunks_are_set_against_those_of_the_record(
    before: str, now: str, expected: list[tuple[str, ...]]
) -> None:
    assert reasons(before.split(), now.split()) == expected


def test_one_that_failed_is_told_whatever_its_text_was() -> None:
    assert reasons(["f:a", ""], ["f:a", "f:b"]) == [(), ("failed",)]
    told = reasons(["f:a", "", "f:c"], ["f:A", "f:b", "f:c"])
    assert sorted(told) == [(), ("failed",), ("text",)]


def test_what_differs_of_the_processor_comes_first() -> None:
    told = reasons(["f:a", "f:b", ""], ["f:a", "f:B", "f:c", "f:d"], ("settings", "source"))
    both = ("settings", "source")
    assert told == [both, (*both, "text"), (*both, "failed"), ("new",)]


def test_context_is_not_compared_where_another_is_declared() -> None:
    assert reasons(["f:a@k"], ["f:a@l"], ("declared_context",)) == [("declared_context",)]
    assert reasons(["f:a@k"], ["f:a@l"], ("settings",)) == [("settings", "context")]


@pytest.mark.parametrize("part", ["grammar", "max_chunk_bytes", "suites"])
def test_where_the_cut_differs_and_the_file_does_not_no_text_has_changed(part: str) -> None:
    assert reasons(["f:abc"], ["f:a", "f:b"], (part,), is_same_content=True) == [(part,)] * 2
    assert reasons(["f:abc"], ["f:a", "c:b"], (part,)) == [(part, "text"), ("new",)]


def test_names_tell_which_was_edited() -> None:
    record = record_of(["f:one", "f:two"], ["one", "two"])
    chunks = [chunk_of("f:new", "new"), chunk_of("f:TWO", "two"), chunk_of("f:ONE", "one")]
    found = reasons_against(Nearest(record), chunks, [0, 1, 2])
    assert found == {0: ("new",), 1: ("text",), 2: ("text",)}
    renamed = [chunk_of("f:one", "one"), chunk_of("f:three", "three")]
    assert reasons_against(Nearest(record), renamed, [1]) == {1: ("text",)}
