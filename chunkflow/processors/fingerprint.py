"""What a processor's results depend on besides the chunk, as one digest."""

import json
import os
from collections.abc import Mapping
from functools import cache

from chunkflow.model.digest import blake2b


def fingerprint(name: str, version: str, settings: Mapping[str, object], *files: str) -> bytes:
    """16 bytes over name, version, settings and the source text of modules.

    Args:
        name: what settings and reports call the processor.
        version: what its author calls its results.
        settings: anything that JSON can hold; the rest counts by its `repr`.
        files: the modules' files. A package's `__init__.py` stands for all modules of the package.
            Each is read once a process, as code is loaded once a process.
    """
    named = json.dumps([name, version])
    return _digest(named.encode(), *parts_of(settings, *files).values())


def parts_of(settings: Mapping[str, object], *files: str) -> dict[str, bytes]:
    """What `fingerprint` is made of, apart: the digests of `settings` and of the modules' `source`.

    They are what tells a user why a result is not found any more.
    """
    facts = json.dumps(settings, sort_keys=True, default=repr)
    return {"settings": _digest(facts.encode()), "source": _digest(*map(_source_digest, files))}


def _digest(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()


@cache
def _source_digest(file: str) -> bytes:
    digest = blake2b(digest_size=16)
    for path in _modules(file):
        with open(path, "rb") as module:
            text = module.read()
        digest.update(f"{os.path.basename(path)}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.digest()


def _modules(file: str) -> list[str]:
    folder, name = os.path.split(file)
    if name != "__init__.py":
        return [file]
    return [os.path.join(folder, entry) for entry in sorted(os.listdir(folder)) if _is_code(entry)]


def _is_code(entry: str) -> bool:
    return entry.endswith(".py")
