"""Code that users' functions load while they run, so late that no key of the run could have it.

What a run made with it is reported and not kept. Its names are kept, so that the next run has its
digests in the key. A name leads to a file only below the project's root or a folder of `sys.path`.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping

from chunkflow.cache.keys import learned_key
from chunkflow.cache.tiers import Tiers

_DISTRIBUTION = "distribution "
_MOST = 10_000


def known_late_code(tiers: Tiers, base: bytes, root: str) -> dict[str, str]:
    """The code that a processor was seen to load late: name → digest as it is now.

    Args:
        tiers: where that was kept.
        base: the processor's `fingerprint` without this code.
        root: the project's root.
    """
    key = learned_key(base)
    hit = tiers.get_many([key]).get(key)
    return (
        {}
        if hit is None
        else {name: _digest(name, path, root) for name, path in _unpacked(hit.payload).items()}
    )


def keep_late_code(tiers: Tiers, base: bytes, root: str, code: Mapping[str, str]) -> None:
    """Keep what was loaded late, besides what was kept before.

    Args:
        tiers: where to keep it.
        base: as above.
        root: as above.
        code: name → path of the file that stands for it, absolute.
    """
    key = learned_key(base)
    hit = tiers.get_many([key]).get(key)
    known = {} if hit is None else _unpacked(hit.payload)
    known |= {name: _relative(path, root) for name, path in code.items()}
    tiers.put_many([(key, json.dumps(known).encode())])


def _unpacked(payload: bytes) -> dict[str, str]:
    """What a record says; nothing where it cannot be read."""
    try:
        found = json.loads(payload)
        is_sound = all(isinstance(path, str) for path in found.values()) and len(found) <= _MOST
    except (ValueError, AttributeError, RecursionError):
        return {}
    return found if is_sound else {}


def _digest(name: str, path: str, root: str) -> str:
    # Here and not above: few functions load anything late.
    from chunkflow.processors.code import digest_distribution, digest_file  # noqa: PLC0415

    if name.startswith(_DISTRIBUTION):
        return digest_distribution(name.removeprefix(_DISTRIBUTION))
    return next((digest_file(found) for found in _places(path, root)), "")


def _places(path: str, root: str) -> Iterator[str]:
    """The regular files that a relative path may lead to; nothing that leads upward."""
    if not path or os.path.isabs(path) or os.pardir in path.split(os.sep):
        return
    for folder in (root, *sys.path):
        place = os.path.join(folder, path)
        try:
            is_file = stat.S_ISREG(os.stat(place).st_mode)
        except (OSError, ValueError):
            continue
        if is_file:
            yield place


def _relative(path: str, root: str) -> str:
    for folder in (root, *sys.path):
        if folder and path.startswith(folder.rstrip(os.sep) + os.sep):
            return os.path.relpath(path, folder)
    return ""
