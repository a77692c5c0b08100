"""Has memory go back to the system: for files so large that it is felt."""

from collections.abc import Callable
from functools import cache

_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of glibc's mallopt(3)."""
_BLOCK_BYTES = 256 * 1024


def give_back() -> None:
    """Give back what is free now, and from now on blocks of 256 KB when they are freed.

    glibc alone is asked. Left to itself it keeps, once it has freed a large block, whatever is
    freed up to that size: after a file of 50 MB some 30 MB a process.
    """
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    # Here and not above: few runs have such a file.
    import ctypes  # noqa: PLC0415

    try:
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _BLOCK_BYTES)
        trim: Callable[[int], object] = library.malloc_trim
    except (OSError, AttributeError, TypeError):  # another system's library
        return lambda _: None
    return trim
