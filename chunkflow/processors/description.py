"""What a run must know of a user's function, sent by a process that has imported it."""

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
    """Whether it has a parameter for the table `[processors.NAME]`."""
    code: Mapping[str, str]
    """The code it consists of: name of a module or a distribution → digest, in hexadecimal."""
    packages: tuple[str, ...] = ()
    """Installed top-level packages whose modules are in `code` one by one."""

    def encode(self) -> bytes:
        """Encode the description for another process."""
        return json.dumps(self).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Description":
        """Decode what `encode` returned."""
        name, version, limit, context, expensive, takes_options, code, packages = json.loads(data)
        declared = (version, limit, tuple(context), expensive, takes_options)
        return cls(name, *declared, code, tuple(packages))

    @property
    def declared(self) -> tuple[object, ...]:
        """All but the code."""
        return self[: self._fields.index("code")]


def encode_request(name: str, root: str) -> bytes:
    """Encode a request to describe a function: its name, and its project's root."""
    return json.dumps([name, root]).encode()


def decode_request(data: bytes) -> tuple[str, str]:
    """Decode the name and the root."""
    name, root = json.loads(data)
    return name, root


def encode_error(error: UsageError) -> bytes:
    """Encode an error as the answer."""
    return _ERROR + json.dumps([type(error).__name__, str(error)]).encode()


def decode_answer(data: bytes) -> Description:
    """Decode the description in an answer.

    Raises:
        UnknownProcessor: there is no such function.
        UsageError: it cannot be loaded.
        ValueError: the bytes are no answer; `TypeError` and `LookupError` likewise.
    """
    if data.startswith(_ERROR):
        kind, message = json.loads(data.removeprefix(_ERROR))
        raise _ERRORS[kind](message)
    return Description.decode(data)
