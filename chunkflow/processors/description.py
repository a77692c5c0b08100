"""What a run has to know of a user's function, told by a process that has imported it."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from chunkflow.errors import UnknownProcessor, UsageError

_ERRORS = {error.__name__: error for error in (UnknownProcessor, UsageError)}
_ERROR = b"!"
"""Begins an answer that is an error."""


class Description(NamedTuple):
    """A user's function, as its module declares it now."""

    name: str
    version: str
    max_chunk_bytes: int | None
    context: tuple[str, ...]
    expensive: bool
    takes_options: bool
    """Whether it wants what `[processors.NAME]` holds."""
    code: Mapping[str, str]
    """What it is made of: name of a module or a distribution → digest, in hexadecimal."""
    packages: tuple[str, ...] = ()
    """Installed top-level packages whose modules are in `code` one by one."""

    def encode(self) -> bytes:
        """As bytes, for another process."""
        return json.dumps(self).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Description":
        """The value that `encode` made bytes of."""
        name, version, limit, context, expensive, takes_options, code, packages = json.loads(data)
        declared = (version, limit, tuple(context), expensive, takes_options)
        return cls(name, *declared, code, tuple(packages))

    @property
    def declared(self) -> tuple[object, ...]:
        """All but the code."""
        return self[: self._fields.index("code")]


def encode_request(name: str, root: str) -> bytes:
    """What `describe.prepare`'s work takes: a function's name, and the root of its project."""
    return json.dumps([name, root]).encode()


def decode_request(data: bytes) -> tuple[str, str]:
    """The name and the root that `encode_request` made bytes of."""
    name, root = json.loads(data)
    return name, root


def encode_error(error: UsageError) -> bytes:
    """The answer that there is no description, and why."""
    return _ERROR + json.dumps([type(error).__name__, str(error)]).encode()


def decode_answer(data: bytes) -> Description:
    """The description in an answer.

    Raises:
        UnknownProcessor: there is no such function.
        UsageError: it cannot be loaded.
        ValueError: the bytes are no answer; `TypeError` and `LookupError` likewise.
    """
    if data.startswith(_ERROR):
        kind, message = json.loads(data.removeprefix(_ERROR))
        raise _ERRORS[kind](message)
    return Description.decode(data)
