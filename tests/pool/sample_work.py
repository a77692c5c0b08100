"""Work that misbehaves in every way a pool must bear; workers import it by name."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable


class UnpicklableError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)
        self.lock = threading.Lock()


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


def prepare(config: bytes) -> Callable[[bytes], bytes]:
    if config == b"raise":
        raise LookupError("no such processor")
    if config == b"exit":
        os._exit(7)
    if config.startswith(b"first "):
        exit_if_first(config.removeprefix(b"first "))
    if config == b"hang":
        threading.Event().wait()
    return work


def exit_if_first(marker: bytes) -> None:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os._exit(7)


def say_busy() -> None:
    os.write(1, b"busy\n")  # in one piece, whatever PYTHONUNBUFFERED says


def work(payload: bytes) -> bytes:
    name, _, rest = payload.partition(b" ")
    action: Callable[[bytes], bytes] = globals()[f"do_{name.decode()}"]
    return action(rest)


def do_echo(rest: bytes) -> bytes:
    return rest


def do_length(rest: bytes) -> bytes:
    return b"%d" % len(rest)


def do_repeat(rest: bytes) -> bytes:
    return b"x" * int(rest)


def do_pids(_: bytes) -> bytes:
    return b"%d %d %d" % (os.getpid(), os.getppid(), os.getsid(0))


def do_path(_: bytes) -> bytes:
    return "\n".join(sys.path).encode()


def do_main(_: bytes) -> bytes:
    return repr(getattr(sys.modules["__main__"], "__file__", None)).encode()


def do_flags(_: bytes) -> bytes:
    return f"{sys.flags.optimize} {sys.flags.dont_write_bytecode}".encode()


def do_imported(rest: bytes) -> bytes:
    return b"yes" if rest.decode() in sys.modules else b"no"


def do_raise(rest: bytes) -> bytes:
    raise ValueError(rest.decode())


def do_unpicklable(_: bytes) -> bytes:
    raise UnpicklableError("one", "two")


def do_mute(_: bytes) -> bytes:
    raise MuteError


def do_sysexit(_: bytes) -> bytes:
    sys.exit(3)


def do_interrupt(_: bytes) -> bytes:
    raise KeyboardInterrupt


def do_memory(_: bytes) -> bytes:
    raise MemoryError


def do_text(_: bytes) -> bytes:
    return "text"  # type: ignore[return-value]


def do_exit(rest: bytes) -> bytes:
    os._exit(int(rest))


def do_kill(rest: bytes) -> bytes:
    os.kill(os.getpid(), int(rest))
    return b"still here"


def do_segfault(_: bytes) -> bytes:
    return ctypes.string_at(0)


def do_hang(_: bytes) -> bytes:
    say_busy()
    threading.Event().wait()
    return b""


def do_hang_in_c(_: bytes) -> bytes:
    """Never give the interpreter's lock back."""
    say_busy()
    re.match(r"(a+)+$", "a" * 60 + "b")
    return b""


def do_command(_: bytes) -> bytes:
    subprocess.run(["sh", "-c", "echo busy >&2; sleep 1000; :"], check=True)
    return b""


def do_fork(_: bytes) -> bytes:
    return b"%d" % os.fork()


def do_sigint(_: bytes) -> bytes:
    return str(signal.getsignal(signal.SIGINT) is signal.SIG_IGN).encode()


def do_print(rest: bytes) -> bytes:
    print(rest.decode(), flush=True)
    os.write(1, b"raw " + rest)
    return b""


def do_command_then_die(_: bytes) -> bytes:
    subprocess.Popen(["sleep", "1000"])
    os._exit(1)
