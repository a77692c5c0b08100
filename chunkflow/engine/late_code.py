"""Code that users' functions load while they run, so late that no key of the run could have it.

What a run made with it is reported and not kept. Its names are kept, so that the next run has its
digests in the key. A name leads to a file only below the project's root or a folder of `sys.path`.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from itertools import chain

from chunkflow.cache.keys import make_late_code_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.options import RunProcessor

_MOST = 10_000


def find_late_code(tiers: Tiers, base: bytes, root: str) -> dict[str, str]:
    """The code that a processor was seen to load late: name → digest as it is now.

    Args:
        tiers: where that was kept.
        base: the processor's `fingerprint` without this code.
        root: the project's root.
    """
    key = make_late_code_key(base)
    hit = tiers.get_many([key]).get(key)
    return (
        {}
        if hit is None
        else {name: _digest(name, path, root) for name, path in _unpacked(hit.payload).items()}
    )


def keep_late_code(
    tiers: Tiers, processor: RunProcessor, root: str, code: Mapping[str, str]
) -> None:
    """Keep what was loaded late, besides what was kept before.

    Args:
        tiers: where to keep it.
        processor: the processor that loaded it.
        root: the project's root.
        code: name → path of the file that stands for it, absolute.
    """
    key = make_late_code_key(processor.base)
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
    from chunkflow.processors import code  # noqa: PLC0415

    kind, _, which = name.partition(" ")
    if kind == "distribution":
        return code.digest_distribution(which)
    if kind == "distributions":
        return code.digest_distributions()
    if kind == "folder":
        return code.digest_folders(list(_folders(which, root)))
    # A module that comes to stand before another counts from then on.
    places = _module_files(which, root) if kind == "module" else iter(())
    known = _files(path, root)
    is_odd = bool(path) and not any(path.endswith(end) for end in _ends(which))
    order = chain(known, places) if is_odd else chain(places, known)
    return next(map(code.digest_file, order), "")


def _ends(module: str) -> tuple[str, ...]:
    """How the path of a module ends, where it is found by its name."""
    place = module.replace(".", os.sep)
    return (os.path.join(place, "__init__.py"), f"{place}.py")


def _module_files(module: str, root: str) -> Iterator[str]:
    """The files that a module's name may lead to, the first that Python would take first."""
    for folder in (root, *sys.path):
        yield from filter(_is_file, (os.path.join(folder, end) for end in _ends(module)))


def _folders(module: str, root: str) -> Iterator[str]:
    place = module.replace(".", os.sep)
    folders = (os.path.join(folder, place) for folder in (root, *sys.path))
    return filter(os.path.isdir, folders)


def _files(path: str, root: str) -> Iterator[str]:
    """The regular files that a relative path may lead to; nothing that leads upward."""
    if not path or os.path.isabs(path) or os.pardir in path.split(os.sep):
        return
    yield from filter(_is_file, (os.path.join(folder, path) for folder in (root, *sys.path)))


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _relative(path: str, root: str) -> str:
    for folder in (root, *sys.path):
        if folder and path.startswith(folder.rstrip(os.sep) + os.sep):
            return os.path.relpath(path, folder)
    return ""
