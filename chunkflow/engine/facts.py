"""What the last runs of a processor depended on: kept so that a miss can be explained, and no more.

A fingerprint says that something is not as it was, not what. So beside the records lie, for each
processor, the last few different fingerprints with what each was made of.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, make_facts_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.plan import RunProcessor

# Several projects may share a cache, and a user may go back and forth between two settings.
_MOST = 8


class Facts(NamedTuple):
    """What a run of a processor depended on besides the chunk."""

    run: bytes
    """`RunProcessor.run` of it."""
    own: bytes
    """`fingerprint` of the processor alone."""
    parts: Mapping[str, str]
    """What `run` was made of, by name."""


def changed_facts(tiers: Tiers, processors: Iterable[RunProcessor]) -> list[tuple[bytes, bytes]]:
    """Records to put, with their keys, where a processor does not depend on what it last did."""
    by_key = {make_facts_key(p.name): Facts(p.run, p.own, p.parts) for p in processors if p.parts}
    hits = tiers.get_many(list(by_key))
    changed = []
    for key, now in by_key.items():
        before = unpack_facts(hits[key].payload) if key in hits else []
        if now.run not in [facts.run for facts in before]:
            changed.append((key, pack_facts([now, *before])))
    return changed


def pack_facts(facts: Sequence[Facts]) -> bytes:
    """A record of the first few, the newest first."""
    return json.dumps(
        [[one.run.hex(), one.own.hex(), dict(one.parts)] for one in facts[:_MOST]]
    ).encode()


def unpack_facts(payload: bytes) -> list[Facts]:
    """The facts in a record; none where the bytes are not one."""
    try:
        return [
            # The first format had one fingerprint for both.
            Facts(_fingerprint(run), _fingerprint(own[0] if own else run), _parts(parts))
            for run, *own, parts in json.loads(payload)[:_MOST]
        ]
    except (ValueError, TypeError, LookupError, RecursionError):
        return []


def _fingerprint(text: str) -> bytes:
    run = bytes.fromhex(text)
    if len(run) != DIGEST_BYTES:
        raise ValueError("no fingerprint has that length")
    return run


def _parts(parts: object) -> dict[str, str]:
    if not isinstance(parts, dict) or not all(isinstance(value, str) for value in parts.values()):
        raise TypeError("parts are texts by name")
    return parts
