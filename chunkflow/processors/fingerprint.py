"""What a built-in processor's results depend on besides the chunk, as one digest."""

import json
import os
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b


def fingerprint(name: str, version: str, settings: Mapping[str, object], module_file: str) -> bytes:
    """16 bytes over name, version, settings and the source of the module in `module_file`.

    Of a package's `__init__.py`, all modules of the package count. The source is read once a
    process.
    """
    facts = json.dumps([name, version, settings], sort_keys=True, separators=(",", ":"))
    digest = blake2b(facts.encode(), digest_size=16)
    digest.update(_source_digest(module_file))
    return digest.digest()


@cache
def _source_digest(module_file: str) -> bytes:
    digest = blake2b(digest_size=16)
    for path in _files(module_file):
        with open(path, "rb") as file:
            text = file.read()
        digest.update(f"{os.path.basename(path)}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.digest()


def _files(module_file: str) -> list[str]:
    folder, name = os.path.split(module_file)
    if name != "__init__.py":
        return [module_file]
    modules = sorted(entry for entry in os.listdir(folder) if entry.endswith(".py"))
    return [os.path.join(folder, module) for module in modules]
