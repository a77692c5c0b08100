"""Work that misbehaves in every way a pool must bear; workers import it by name."""

import ast
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

from chunkflow.errors import WorkerSpoiled


class UnpicklableError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)
        self.lock = threading.Lock()


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


kept: list[object] = []


def prepare(config: bytes) -> Callable[[bytes], bytes | Iterator[bytes]]:
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


def work(payload: bytes) -> bytes | Iterator[bytes]:
    name, _, rest = payload.partition(b" ")
    action: Callable[[bytes], bytes | Iterator[bytes]] = globals()[f"do_{name.decode()}"]
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


def do_traced(_: bytes) -> bytes:
    return b"yes" if tracemalloc.is_tracing() else b"no"


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


def do_parts(rest: bytes) -> Iterator[bytes]:
    """Yield each word; the word `then` hands the rest over to other work."""
    words, _, then = rest.partition(b" then ")
    yield from words.split()
    if then:
        work(then)


def do_slowly(rest: bytes) -> Iterator[bytes]:
    for word in rest.split():
        time.sleep(0.1)
        yield word


def do_large_parts(rest: bytes) -> Iterator[bytes]:
    for _ in range(int(rest)):
        yield b"x" * 300_000
    os._exit(3)


def do_wrong_part(_: bytes) -> Iterator[bytes]:
    yield b"right"
    yield None  # type: ignore[misc]


def do_closed(rest: bytes) -> Iterator[bytes]:
    """Tell, by an empty file, that the caller let go of an unfinished iterator."""
    try:
        yield b"1"
        yield b"2"
    finally:
        os.close(os.open(rest, os.O_CREAT))


def do_allocate(_: bytes) -> bytes:
    blocks = []
    while True:
        blocks.append(bytearray(1 << 20))


def do_allocate_small(_: bytes) -> bytes:
    """Take memory in pieces so small that nothing else can be allocated at the end."""
    pieces: list[object] = []
    while True:
        pieces = [pieces, pieces]


def do_allocate_and_keep(_: bytes) -> bytes:
    while True:
        kept.append([0] * 10)


def do_allocate_in_a_circle(_: bytes) -> bytes:
    circle: list[object] = []
    circle.append(circle)
    while True:
        circle.append(bytearray(1 << 20))


def do_ignore_sigterm(_: bytes) -> bytes:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGTERM)
    return do_hang(b"")


def do_stop(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGSTOP)
    return b""


def do_threads(rest: bytes) -> bytes:
    for _ in range(3):
        threading.Thread(target=threading.Event().wait).start()
    return rest


def do_close_all(rest: bytes) -> bytes:
    os.closerange(3, 1000)
    return work(rest) if rest else b""  # type: ignore[return-value]


def do_garbage(rest: bytes) -> bytes:
    """Write to whatever is open; `rest` is Python's notation for bytes."""
    data: bytes = ast.literal_eval(rest.decode())
    for fd in range(3, 100):
        with contextlib.suppress(OSError):
            os.write(fd, data)
    return b""


def do_child(rest: bytes) -> bytes:
    """Leave a child that holds everything open and never ends; tell its process id.

    The words of `rest`: `session` gives it a session of its own, `daemon` a second fork too,
    `die` ends the worker.
    """
    reader, writer = os.pipe()
    if os.fork() == 0:
        if rest.startswith((b"session", b"daemon")):
            os.setsid()
        if rest.startswith(b"daemon") and os.fork():
            os._exit(0)
        os.write(writer, b"%d" % os.getpid())
        threading.Event().wait()
    pid = os.read(reader, 20)
    if rest.endswith(b"die"):
        os.write(2, pid + b"\n")
        os._exit(3)
    return pid


def do_fork_in_parts(_: bytes) -> Iterator[bytes]:
    """Let a child come back as if it were the worker."""
    os.fork()
    yield b"one"
    yield b"two"


def do_limit_of_command(_: bytes) -> bytes:
    """What a shell says that it may hold, in kilobytes."""
    return subprocess.run(["sh", "-c", "ulimit -d"], capture_output=True, check=True).stdout.strip()


def do_abort_without_memory(_: bytes) -> bytes:
    """Do as a C library does that has no memory."""
    try:
        return do_allocate(b"")
    except MemoryError:
        os.abort()


def do_environment(_: bytes) -> bytes:
    """The names of the variables that a command sees."""
    shown = subprocess.run(["env", "-0"], capture_output=True, check=True).stdout
    return b"\n".join(sorted(line.partition(b"=")[0] for line in shown.split(b"\0") if line))


def do_wait_for_file(rest: bytes) -> bytes:
    say_busy()
    while not os.path.exists(rest):
        time.sleep(0.01)
    return b"done"


def do_spoiled(rest: bytes) -> Iterator[bytes]:
    """Answer each word, and then say that this process must not go on."""
    yield from rest.split()
    raise WorkerSpoiled("it changed its process")


def do_log(rest: bytes) -> bytes:
    """Add a byte to a file."""
    fd = os.open(rest, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(fd, b"x")
    os.close(fd)
    return b""


def do_nap(rest: bytes) -> bytes:
    time.sleep(0.2)
    return rest
