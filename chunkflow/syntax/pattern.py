"""Regular expressions that are compiled on first use.

Most files need no repair, and compiling all patterns takes a fifth of a worker's start.
"""

import re
from collections.abc import Callable, Iterator


class Pattern:
    """A regular expression over bytes with the methods of `re.Pattern` that are used here."""

    finditer: Callable[..., Iterator["re.Match[bytes]"]]
    fullmatch: Callable[..., "re.Match[bytes] | None"]
    match: Callable[..., "re.Match[bytes] | None"]
    search: Callable[..., "re.Match[bytes] | None"]
    sub: Callable[..., bytes]

    def __init__(self, pattern: bytes, flags: int = 0) -> None:
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        """Compile the pattern; Python asks here only for attributes that are not set yet."""
        compiled = re.compile(self._pattern, self._flags)
        for method in Pattern.__annotations__:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
