"""Describes a user's function, in a process of its own."""

from collections.abc import Callable

from chunkflow.errors import UsageError
from chunkflow.processors.code import CodeLog
from chunkflow.processors.description import decode_request, encode_error
from chunkflow.processors.python import PythonProcessor


def prepare(_config: bytes) -> Callable[[bytes], bytes]:
    """Return work that takes an encoded request, and returns an encoded answer."""

    def describe(request: bytes) -> bytes:
        name, root = decode_request(request)
        log = CodeLog(root)
        log.install()
        try:
            return PythonProcessor(name, {}, root=root, log=log).description.encode()
        except UsageError as exc:
            return encode_error(exc)

    return describe
