"""Imported in a zygote, it lets it fork its guard and one worker, as if there were memory for no
more."""

import errno
import os

_fork = os.fork
_left = [2]


def _fork_twice() -> int:
    if not _left[0]:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    _left[0] -= 1
    return _fork()


os.fork = _fork_twice
