"""Tells why chunks are not in a record: what differs from the chunks that it has."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES
from chunkflow.engine.audit.seen import SeenChunk
from chunkflow.engine.records.files import FileRecord, contents_of, keys_in
from chunkflow.model.explanation import CONTEXT, FAILED, NEW, TEXT

# Of a local key, the digest and the kind; what follows is the context.
_TEXT_BYTES = DIGEST_BYTES + 1
# They decide where a file is cut, so that with one of them every text may be another.
_CUTTING = frozenset(("grammar", "max_chunk_bytes", "cutting", "suites"))


class Nearest(NamedTuple):
    """The record that comes closest to what a run would look for."""

    record: FileRecord
    differing: tuple[str, ...] = ()
    """The parts of the fingerprint that are not as they were when it was made."""
    is_same_content: bool = False
    """Whether it is of what the file holds now."""


def reasons_against(
    nearest: Nearest, chunks: Sequence[SeenChunk], missing: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """Why the chunks at the indexes `missing` have no result that could be used, by index."""
    keys = keys_in(nearest.record)
    partners = _partners(nearest.record, keys, chunks)
    texts, whole = {key[:_TEXT_BYTES] for key in keys}, {*keys}
    found = {}
    for index in missing:
        chunk = chunks[index]
        if chunk.local_key[:_TEXT_BYTES] in texts:
            found[index] = nearest.differing + _around(nearest, chunk, whole)
        else:
            found[index] = _unknown(nearest, partners.get(index))
    return found


def _around(nearest: Nearest, chunk: SeenChunk, keys: set[bytes]) -> tuple[str, ...]:
    """Of a chunk whose text is known, whether its context is another."""
    if "declared_context" in nearest.differing or chunk.local_key in keys:
        return ()
    return (CONTEXT,)


def _unknown(nearest: Nearest, partner: bytes | None) -> tuple[str, ...]:
    """Of a chunk whose text is not known; `partner` is the key that stood in its place."""
    differing = nearest.differing
    if partner is not None and not any(partner):
        return (*differing, FAILED)
    if nearest.is_same_content and _CUTTING.intersection(differing):
        return differing
    return (NEW,) if partner is None else (*differing, TEXT)


def _partners(
    record: FileRecord, keys: Sequence[bytes], chunks: Sequence[SeenChunk]
) -> dict[int, bytes]:
    """Index of a chunk → the key of the one that stood in its place, where there was one.

    As in a diff: between what stayed, what went and what came are set against each other.
    """
    before = [key[:_TEXT_BYTES] for key in keys]
    now = [chunk.local_key[:_TEXT_BYTES] for chunk in chunks]
    names = _names(record)
    found: dict[int, bytes] = {}
    for _, old, old_end, new, new_end in SequenceMatcher(None, before, now, False).get_opcodes():
        if before[old:old_end] != now[new:new_end]:
            pairs = _paired(before, names, chunks, range(old, old_end), range(new, new_end))
            found.update((index, keys[partner]) for index, partner in pairs.items())
    return found


def _paired(
    before: Sequence[bytes],
    names: Mapping[int, str | None],
    chunks: Sequence[SeenChunk],
    gone: range,
    come: range,
) -> dict[int, int]:
    """First what has kept its name, then what is of one kind, in order."""
    pairs: dict[int, int] = {}
    left = list(gone)
    for fits in (_has_kept_name, _is_possible):
        for index in come:
            chunk = chunks[index]
            fitting = (old for old in left if fits(before[old], names.get(old), chunk))
            partner = None if index in pairs else next(fitting, None)
            if partner is not None:
                pairs[index] = partner
                left.remove(partner)
    return pairs


def _has_kept_name(text: bytes, name: str | None, chunk: SeenChunk) -> bool:
    return name is not None and name == chunk.name and _is_of_kind(text, chunk)


def _is_possible(text: bytes, _name: str | None, chunk: SeenChunk) -> bool:
    # Of one that failed nothing is known.
    return _is_of_kind(text, chunk) or not any(text)


def _is_of_kind(text: bytes, chunk: SeenChunk) -> bool:
    return text[DIGEST_BYTES:] == chunk.local_key[DIGEST_BYTES:_TEXT_BYTES]


def _names(record: FileRecord) -> dict[int, str | None]:
    """Names by index, of the chunks that have a value: of the others a record keeps none."""
    contents = contents_of(record)
    return {} if contents is None else {v.chunk_index: v.name for v in contents.values}
