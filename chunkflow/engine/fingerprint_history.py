"""Keeps the last fingerprints of each processor, so that a miss can be explained.

A fingerprint shows that something has changed, but not what. So the cache holds, for each
processor, the last few different fingerprints with the parts of each. No result depends on them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, make_facts_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.options import RunProcessor

# Several projects may share a cache, and a user may go back and forth between two settings.
_MOST = 8


class Fingerprint(NamedTuple):
    """What a run of a processor depended on besides the chunk, and its digests."""

    run: bytes
    """`RunProcessor.run` of it."""
    own: bytes
    """`fingerprint` of the processor alone."""
    parts: Mapping[str, str]
    """What `run` was made of, by name."""


def list_new_fingerprints(
    tiers: Tiers, processors: Iterable[RunProcessor]
) -> list[tuple[bytes, bytes]]:
    """Records to store, with their keys, for processors whose fingerprint is new."""
    by_key = {
        make_facts_key(p.name): Fingerprint(p.run, p.own, p.parts) for p in processors if p.parts
    }
    hits = tiers.get_many(list(by_key))
    changed = []
    for key, now in by_key.items():
        before = unpack_fingerprints(hits[key].payload) if key in hits else []
        if now.run not in [facts.run for facts in before]:
            changed.append((key, pack_fingerprints([now, *before])))
    return changed


def pack_fingerprints(facts: Sequence[Fingerprint]) -> bytes:
    """A record of the first few, the newest first."""
    return json.dumps(
        [[one.run.hex(), one.own.hex(), dict(one.parts)] for one in facts[:_MOST]]
    ).encode()


def unpack_fingerprints(payload: bytes) -> list[Fingerprint]:
    """The fingerprints in a record; none where the bytes are not one."""
    try:
        return [
            # The first format had one fingerprint for both.
            Fingerprint(_decode_digest(run), _decode_digest(own[0] if own else run), _parts(parts))
            for run, *own, parts in json.loads(payload)[:_MOST]
        ]
    except (ValueError, TypeError, LookupError, RecursionError):
        return []


def _decode_digest(text: str) -> bytes:
    run = bytes.fromhex(text)
    if len(run) != DIGEST_BYTES:
        raise ValueError("no fingerprint has that length")
    return run


def _parts(parts: object) -> dict[str, str]:
    if not isinstance(parts, dict) or not all(isinstance(value, str) for value in parts.values()):
        raise TypeError("parts are texts by name")
    return parts
