"""Digests of what results depend on besides the chunk: settings, and chunkflow's own source."""

import json
import os
from collections.abc import Mapping
from functools import cache

from chunkflow.model.digest import blake2b

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_RULES = ("model", "syntax", "syntax/repair", "engine/records", "engine/worker", "processors")


def digest_of(facts: Mapping[str, object]) -> str:
    """The digest of anything that JSON can hold; the rest counts by its `repr`. In hexadecimal."""
    text = json.dumps(facts, sort_keys=True, default=repr)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def rules_digest() -> str:
    """The digest of the source that cuts files and keeps what is said of them; hexadecimal.

    With it in a key, nothing that another release of chunkflow made of a file is taken for this
    one's. It takes 1.5 ms of a run.
    """
    return source_digest(*(os.path.join(_HOME, *folder.split("/")) for folder in _RULES))


@cache
def source_digest(*folders: str) -> str:
    """The digest of all source in some folders, without what is in folders below; hexadecimal.

    It is read once a process, as code is loaded once a process.
    """
    digest = blake2b(digest_size=16)
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            if name.endswith((".py", ".pyc", ".so")):
                text = _read(os.path.join(folder, name))
                digest.update(f"{name}\0{len(text)}\0".encode())
                digest.update(text)
    return digest.hexdigest()


def _read(path: str) -> bytes:
    # Half as long as with `open`.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, os.fstat(fd).st_size + 1)
    finally:
        os.close(fd)
