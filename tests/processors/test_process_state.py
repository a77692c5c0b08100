"""What a function does to its process is undone, or it is told that it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

RESTORE = """
import contextlib, os, resource, signal, sys
from chunkflow.processors.process_state import ProcessState, undo_import_effects

def seen():
    umask = os.umask(0o077)
    os.umask(umask)
    return (
        os.getcwd(), dict(os.environ), list(sys.path), sys.stdin, sys.stdout, sys.stderr, umask,
        [resource.getrlimit(n) for n in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU,
         resource.RLIMIT_AS, resource.RLIMIT_STACK, resource.RLIMIT_CORE)],
        [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT)],
        signal.getitimer(signal.ITIMER_REAL), signal.getitimer(signal.ITIMER_PROF),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()), sys.getrecursionlimit(),
        sys.gettrace(), sys.getprofile(), os.environ.get("ADDED"), os.getenv("HOME"),
    )

state, before = ProcessState(), seen()
"""


def restored(tmp_path: Path, change: str) -> str:
    """Makes a change in a process of its own; gives what `restore` said, and if all is as before.

    It is told in a file: a standard stream may be what is changed.
    """
    told = tmp_path / "told"
    code = f"{RESTORE}{change}\nis_whole = state.restore()\n"
    code += f"with open({str(told)!r}, 'w') as file:\n"
    code += "    print(is_whole, seen() == before, file=file)\nos._exit(0)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0
    return told.read_text().strip()


SOFT = "resource.setrlimit(resource.RLIMIT_{0}, ({1}, resource.getrlimit(resource.RLIMIT_{0})[1]))"
CHANGES = {
    "nothing": "pass",
    "directory": "os.chdir('/')",
    "variable added": "os.environ['ADDED'] = '1'",
    "variable changed": "os.environ['HOME'] = 'elsewhere'",
    "variable removed": "del os.environ['HOME']",
    "all variables removed": "os.environ.clear()",
    "variable of odd bytes": "os.environb[b'\\xff'] = b'\\xfe'",
    "soft limit of files": SOFT.format("NOFILE", 50),
    "soft limit of memory": SOFT.format("AS", 1 << 40),
    "soft limit of time": SOFT.format("CPU", 1000),
    "soft limit of the stack": SOFT.format("STACK", 1 << 20),
    "handler": "signal.signal(signal.SIGTERM, lambda *_: None)",
    "ignored signal": "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "timer": "signal.setitimer(signal.ITIMER_REAL, 1000)",
    "timer that repeats": "signal.setitimer(signal.ITIMER_PROF, 1000, 1000)",
    "alarm": "signal.alarm(1000)",
    "blocked signal": "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
    "umask": "os.umask(0)",
    "recursion limit": "sys.setrecursionlimit(5000)",
    "lower recursion limit": "sys.setrecursionlimit(100)",
    "search path": "sys.path.insert(0, '/')",
    "search path that is another list": "sys.path = []",
    "standard output": "sys.stdout = None",
    "standard error": "sys.stderr = sys.stdout",
    "standard input": "sys.stdin = open(os.devnull)",
    "trace": "sys.settrace(lambda *_: None)",
    "profile": "sys.setprofile(lambda *_: None)",
    "file that is kept open": "kept = open(os.devnull)",
    "several at once": "os.chdir('/'); os.environ.clear(); os.umask(0); sys.path.clear()",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_is_undone(tmp_path: Path, change: str) -> None:
    assert restored(tmp_path, change) == "True True"


LASTING = {
    "closed standard input": "os.close(0)",
    "closed standard error": "os.close(2)",
    "exchanged standard error": "os.dup2(os.open('/dev/zero', os.O_WRONLY), 2)",
    "half of all descriptors": "kept = [os.dup(0) for _ in range(32)]",
    "all descriptors": "kept = [os.dup(0) for _ in range(60 - told)]",
}


@pytest.mark.parametrize("change", LASTING.values(), ids=LASTING)
def test_change_that_cannot_be_undone_is_told(tmp_path: Path, change: str) -> None:
    limited = "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
    opened = "told = os.open('told', os.O_CREAT | os.O_WRONLY)\nstate = ProcessState()\n"
    told = "os.write(told, str(state.restore()).encode())\nos._exit(0)\n"
    code = f"{RESTORE}{limited}{opened}{change}\n{told}"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0
    assert (tmp_path / "told").read_text() == "False"


def test_less_than_half_of_all_descriptors_is_the_function_s_own(tmp_path: Path) -> None:
    limited = "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nstate = ProcessState()\n"
    change = f"{limited}before = seen()\nkept = [os.dup(0) for _ in range(20)]"
    assert restored(tmp_path, change) == "True True"


SETTLED = {
    "timer": "signal.setitimer(signal.ITIMER_REAL, 1000)",
    "directory": "os.chdir('/')",
    "recursion limit": "sys.setrecursionlimit(100)",
}


@pytest.mark.parametrize("change", SETTLED.values(), ids=SETTLED)
def test_what_an_import_left_is_settled(tmp_path: Path, change: str) -> None:
    assert (
        restored(tmp_path, f"{change}\nundo_import_effects()\nstate = ProcessState()")
        == "True True"
    )


def test_greater_recursion_limit_of_an_import_stays(tmp_path: Path) -> None:
    change = "sys.setrecursionlimit(5000); undo_import_effects()"
    code = f"{RESTORE}{change}; assert sys.getrecursionlimit() == 5000"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0
