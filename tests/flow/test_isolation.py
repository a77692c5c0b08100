"""Users' modules run in worker processes alone, and no call of a function reaches the next."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from effort import mark_others_slow

from chunkflow import ChunkFlow

SOURCE = "export const one = 1\nexport const two = 2\nexport const three = 3\n"
RULE = "def rule(chunk):\n    return chunk.name\n"

IMPORTS = {
    "prints": "print('noise')\nimport sys\nsys.stderr.write('noise')\n",
    "logs": "import logging\nlogging.basicConfig(level=0)\nlogging.info('noise')\n",
    "replaces standard output": "import io, sys\nsys.stdout = io.StringIO()\n",
    "changes directory": "import os\nos.chdir('/')\n",
    "ignores signals": "import signal\n"
    "for n in (1, 2, 15):\n    signal.signal(n, signal.SIG_IGN)\n",
    "sets a timer": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\n",
    "lowers the recursion limit": "import sys\nsys.setrecursionlimit(60)\n",
    "has exit hooks": "import atexit, os\n"
    "atexit.register(os._exit, 9)\natexit.register(print, 'x')\n",
    "starts a thread": "import threading\n"
    "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    "changes the search path": "import sys\nsys.path[:] = []\n",
    "turns collection off": "import gc\ngc.disable()\ngc.freeze()\n",
    "forks": "import os, sys\nif not os.fork():\n    sys.exit(0)\n",
    "traces": "import sys\nsys.settrace(lambda *a: None)\n",
}
QUICK_IMPORTS = ("prints", "has exit hooks")

BREAKS = {
    "os._exit": ("import os\nos._exit(3)\n", "exit status 3"),
    "sys.exit": ("import sys\nsys.exit('no')\n", "SystemExit: no"),
    "raises": ("raise ValueError('no')\n", "ValueError: no"),
    "interrupts": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", "SIGSEGV"),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)\n", "SIGKILL"),
    "endless": ("while True: pass\n", "longer than the limit of 1 s"),
    "endless in C": ("import re\nre.match('(a*)*b', 'a' * 60)\n", "longer than the limit of 1 s"),
    "closes its pipes": ("import os\nos.closerange(3, 200)\n", "importing r failed"),
    "writes to its pipes": (
        "import os\nfor n in range(3, 30):\n"
        "    try: os.write(n, b'x' * 9)\n    except OSError: 0\n",
        "importing r failed",
    ),
}
QUICK_BREAKS = ("raises", "segfault", "endless")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.ts").write_text(SOURCE)
    return tmp_path


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "chunkflow", "optimize-files", "a.ts", "--processor", "r:rule")
    return subprocess.run(
        (*command, "--format", "json", *options),
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def results(done: subprocess.CompletedProcess[str]) -> list[Any]:
    (file,) = json.loads(done.stdout)["files"]
    return [result["value"] for result in file["results"].get("r:rule", [])]


@pytest.mark.parametrize("text", mark_others_slow(IMPORTS, QUICK_IMPORTS))
def test_import_harms_nothing(text: str, project: Path) -> None:
    (project / "r.py").write_text(text + RULE)
    done = run(project)
    assert (done.returncode, results(done)) == (0, ["one", "two", "three"])


@pytest.mark.parametrize(("text", "cause"), mark_others_slow(BREAKS, QUICK_BREAKS))
def test_import_that_fails_is_told_with_its_module(text: str, cause: str, project: Path) -> None:
    (project / "r.py").write_text(text + RULE)
    done = run(project, "--timeout", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'cannot load processor "r:rule": importing r' in done.stderr
    assert cause in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("attribute", ["rule", "quick"])
def test_module_is_not_imported_in_the_process_of_the_run(attribute: str, project: Path) -> None:
    (project / "r.py").write_text(
        "import os\nfrom chunkflow import processor\nPID = os.getpid()\n"
        "def rule(chunk):\n    return PID\n"
        "@processor(expensive=False)\ndef quick(chunk):\n    return PID\n"
    )
    before = set(sys.modules)
    with ChunkFlow(root=project) as flow:
        (file,) = flow.optimize_files(["a.ts"], processors=[f"r:{attribute}"]).files
    assert os.getpid() not in [result.value for result in file.results[f"r:{attribute}"]]
    assert "r" not in set(sys.modules) - before


CALLS = {
    "directory": ("os.chdir('/')", "os.getcwd()"),
    "environment": ("os.environ['HOME'] = '/x'; os.environ['NEW'] = '1'", "sorted(os.environ)"),
    "variable gone": ("os.environ.pop('PATH', None)", "sorted(os.environ)"),
    "soft limit": (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (9, HARD))",
        "list(resource.getrlimit(resource.RLIMIT_NOFILE))",
    ),
    "hard limit": (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))",
        "list(resource.getrlimit(resource.RLIMIT_NOFILE))",
    ),
    "open files": ("KEPT.extend(open('/dev/null') for _ in range(2000))", "open('/dev/null').name"),
    "standard error closed": ("os.close(2)", "bool(os.fstat(2))"),
    "standard output exchanged": (
        "os.dup2(os.open('/dev/zero', 0), 1)",
        "os.fstat(1) == os.fstat(2)",
    ),
    "streams": ("sys.stdout = sys.stderr = None", "sys.stdout is None"),
    "umask": ("os.umask(0o123)", "os.umask(0)"),
    "signal handler": (
        "signal.signal(15, signal.SIG_IGN)",
        "signal.getsignal(15) is signal.SIG_IGN",
    ),
    "timer": ("signal.alarm(100)", "signal.getitimer(0)[0]"),
    "mask": ("signal.pthread_sigmask(0, {15})", "len(signal.pthread_sigmask(0, ()))"),
    "recursion limit": ("sys.setrecursionlimit(70)", "sys.getrecursionlimit()"),
    "search path": ("sys.path.clear()", "bool(sys.path)"),
    "time zone": (
        "os.environ.update(TZ='Asia/Tokyo'); time.tzset()",
        "time.localtime(0).tm_hour",
    ),
    "locale": ("locale.setlocale(locale.LC_ALL, 'C.UTF-8')", "locale.setlocale(locale.LC_ALL)"),
    "CPUs": (
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
        "sorted(os.sched_getaffinity(0))",
    ),
    "users": ("os.setresuid(65534, 65534, 0)", "list(os.getresuid())"),
    "memory that is locked": (
        "resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))",
        "list(resource.getrlimit(resource.RLIMIT_MEMLOCK))",
    ),
    "rare signals": (
        "signal.signal(signal.SIGWINCH, signal.SIG_IGN)",
        "signal.getsignal(signal.SIGWINCH) is signal.SIG_IGN",
    ),
    "standard output closed": ("sys.stdout.close()", "sys.stdout.closed"),
    "digits": ("sys.set_int_max_str_digits(700)", "sys.get_int_max_str_digits()"),
    "collection": ("gc.disable()", "gc.isenabled()"),
    "niceness": ("os.nice(5)", "os.nice(0)"),
}
QUICK_CALLS = ("environment", "standard error closed")

DOES = """
import gc, locale, os, resource, signal, sys, time
from chunkflow import processor
KEPT = []
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

def told(chunk):
    found = {look}
    {change}
    return found

rule = told
quick = processor(expensive=False)(lambda chunk: told(chunk))
"""


@pytest.mark.parametrize("attribute", ["rule", "quick"])
@pytest.mark.parametrize(("change", "look"), mark_others_slow(CALLS, QUICK_CALLS))
def test_what_one_chunk_does_to_its_process_does_not_reach_the_next(
    change: str, look: str, attribute: str, project: Path
) -> None:
    (project / "r.py").write_text(DOES.format(change=change, look=look))
    name = f"r:{attribute}"
    with ChunkFlow(root=project, parallel_operations=1, cache=False) as flow:
        (file,) = flow.optimize_files(["a.ts"], processors=[name]).files
    assert file.error is None
    first, second, third = (result.value for result in file.results[name])
    assert first == second == third


def test_signals_that_a_call_sends_to_itself_end_with_it(project: Path) -> None:
    (project / "r.py").write_text(
        "import os, signal\ndef rule(chunk):\n"
        f"    signal.signal({int(signal.SIGUSR1)}, signal.SIG_IGN)\n"
        f"    os.kill(os.getpid(), {int(signal.SIGUSR1)})\n    return chunk.name\n"
    )
    assert results(run(project)) == ["one", "two", "three"]
