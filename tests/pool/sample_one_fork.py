"""Imported in a zygote, it lets one fork succeed, as when there is no memory for more."""

import errno
import os

_fork = os.fork


def _refuse() -> int:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _fork_once() -> int:
    os.fork = _refuse
    return _fork()


os.fork = _fork_once
