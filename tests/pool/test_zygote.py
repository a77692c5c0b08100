import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from chunkflow.pool import spawn
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare, Task

SCRIPT = """
{before}import sys
sys.path[:0] = {path!r}
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Task
from sample_work import prepare
with open({log!r}, "a") as log:
    log.write("ran\\n")
with ProcessPool(prepare, b"", jobs=2, preload={preload!r}, fork={fork}) as pool:
    for answer in pool.map(Task(number, payload, 1) for number, payload in enumerate({payloads!r})):
        print(answer.id, answer.error, answer.payload, flush=True)
"""
HERE = str(Path(__file__).parent)
WAIT_S = 20.0


class Program:
    """A script without a `__main__` guard that runs payloads in a pool."""

    def __init__(self, folder: Path, *, fork: bool = False) -> None:
        self.fork = fork
        self.log = folder / "log"
        self.file = folder / "script.py"
        self.flag = os.fsencode(folder / "flag")

    def write(self, *payloads: bytes, before: str = "", preload: Sequence[str] = ()) -> str:
        text = SCRIPT.format(
            path=[HERE, *sys.path],
            log=str(self.log),
            payloads=payloads,
            before=before,
            preload=[*preload],
            fork=self.fork,
        )
        self.file.write_text(text)
        return text

    @contextmanager
    def start(
        self, *payloads: bytes, before: str = "", preload: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[str]]:
        self.write(*payloads, before=before, preload=preload)
        command = [sys.executable, str(self.file)]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()  # a test that failed would wait for it for ever


@pytest.fixture(params=[False, True], ids=["interpreter", "fork"])
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Program:
    return Program(tmp_path, fork=request.param)


@pytest.mark.parametrize(
    "payload", [b"hang", b"hang_in_c", b"command", b"ignore_sigterm", b"close_all hang"]
)
def test_a_parent_that_is_killed_leaves_no_busy_process(program: Program, payload: bytes) -> None:
    with program.start(payload, payload) as parent:
        assert parent.stderr is not None
        assert [parent.stderr.readline(), parent.stderr.readline()] == ["busy\n"] * 2
        parent.kill()
        # Every process below it holds standard error; the end is read when the last is gone.
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


def test_a_parent_that_is_killed_leaves_no_idle_process(program: Program) -> None:
    with program.start(b"echo ", b"echo ", b"hang") as parent:
        assert parent.stderr is not None
        parent.stderr.readline()
        parent.kill()
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


@pytest.mark.parametrize("how", ["session", "daemon"])
def test_a_parent_that_is_killed_leaves_no_child_of_a_worker(program: Program, how: str) -> None:
    with program.start(b"child " + how.encode() + b" die", b"hang") as parent:
        assert parent.stderr is not None
        said = {parent.stderr.readline(), parent.stderr.readline()}
        (pid,) = (int(line) for line in said if line != "busy\n")
        parent.kill()
        # The child holds standard error, and would do so for ever.
        parent.communicate(timeout=WAIT_S)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_is_stopped_ends_with_its_parent(program: Program) -> None:
    with program.start(b"stop", b"hang") as parent:
        assert parent.stderr is not None
        assert parent.stderr.readline() == "busy\n"
        parent.kill()
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_parent_that_is_told_to_end_leaves_no_process(program: Program, number: int) -> None:
    with program.start(b"hang", b"command") as parent:
        assert parent.stderr is not None
        assert [parent.stderr.readline(), parent.stderr.readline()] == ["busy\n"] * 2
        os.kill(parent.pid, number)
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -number


def test_a_parent_that_is_killed_leaves_no_process_that_is_starting(program: Program) -> None:
    with program.start(b"echo ", preload=["sample_endless_import"]) as parent:
        assert parent.stderr is not None
        assert parent.stderr.readline() == "importing\n"
        parent.kill()
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


BUSY = [b"hang", b"hang_in_c", b"command", b"ignore_sigterm"]


def zygote_of(parent: "subprocess.Popen[str]") -> int:
    """The process that forked the worker of the first task, `pids`; two others are busy by then."""
    assert parent.stdout is not None
    assert parent.stderr is not None
    pids = parent.stdout.readline().split("'")[1].split()
    assert [parent.stderr.readline(), parent.stderr.readline()] == ["busy\n"] * 2
    return int(pids[1])


@pytest.mark.parametrize("payload", BUSY)
def test_a_zygote_that_is_killed_costs_what_is_in_work(program: Program, payload: bytes) -> None:
    with program.start(b"pids", payload, payload, b"echo more") as parent:
        os.kill(zygote_of(parent), signal.SIGKILL)
        out, _ = parent.communicate(timeout=WAIT_S)
    assert parent.returncode == 0
    assert sorted(out.splitlines()) == [
        "1 its worker process ended without saying why b''",
        "2 its worker process ended without saying why b''",
        "3 None b'more'",
    ]


@pytest.mark.parametrize("payload", BUSY)
@pytest.mark.parametrize("first", ["zygote", "parent", "group"])
def test_a_zygote_that_is_killed_with_its_parent_leaves_no_process(
    program: Program, payload: bytes, first: str
) -> None:
    with program.start(b"pids", payload, payload) as parent:
        zygote = zygote_of(parent)
        # Who stands still sees nothing of the other's end before its own.
        os.kill(zygote, signal.SIGSTOP)
        os.kill(parent.pid, signal.SIGSTOP)
        if first == "group":
            os.killpg(zygote, signal.SIGKILL)
            os.killpg(parent.pid, signal.SIGKILL)
        for pid in (zygote, parent.pid) if first == "zygote" else (parent.pid, zygote):
            os.kill(pid, signal.SIGKILL)
        # Every process below it holds standard error but one, which ends when the zygote does.
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


def test_a_worker_that_is_stopped_ends_with_its_zygote_and_parent(program: Program) -> None:
    with program.start(b"pids", b"hang", b"hang_in_c") as parent:
        zygote = zygote_of(parent)
        for worker in set(children_of(zygote)) - {guard_of(zygote)}:
            os.kill(worker, signal.SIGSTOP)
        os.kill(zygote, signal.SIGKILL)
        parent.kill()
        parent.communicate(timeout=WAIT_S)
    assert parent.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kills_parent", [True, False])
def test_a_child_of_a_worker_ends_with_the_zygote(program: Program, kills_parent: bool) -> None:
    with program.start(b"pids", b"child session", b"hang", b"hang") as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        lines = sorted([parent.stdout.readline(), parent.stdout.readline()])
        (_, zygote, _), (child,) = ([*map(int, line.split("'")[1].split())] for line in lines)
        assert [parent.stderr.readline(), parent.stderr.readline()] == ["busy\n"] * 2
        os.kill(zygote, signal.SIGKILL)
        if kills_parent:
            parent.kill()
        # The child holds standard error, and would do so for ever.
        parent.communicate(timeout=WAIT_S)
        wait_for_end([child])


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def guard_of(zygote: int) -> int:
    """The process beside its workers, which it forks first."""
    return min(children_of(zygote))


def test_nobody_minds_the_end_of_the_guard(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        (first,) = pool.map([Task(0, b"pids", 1)])
        zygote = int(first.payload.split()[1])
        os.kill(guard_of(zygote), signal.SIGKILL)
        assert [answer.payload for answer in pool.map([Task(1, b"echo a", 1)])] == [b"a"]
        (again,) = pool.map([Task(2, b"pids", 1)])
        assert int(again.payload.split()[1]) == zygote


def test_a_pool_whose_zygote_was_killed_meanwhile_has_another(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=3) as pool:
        (first,) = pool.map([Task(0, b"pids", 1)])
        zygote = int(first.payload.split()[1])
        guarded = children_of(zygote)
        os.kill(zygote, signal.SIGKILL)
        wait_for_end(guarded)
        tasks = [Task(number, b"pids", 1) for number in range(9)]
        answers = list(pool.map(tasks))
        assert [answer.error for answer in answers] == [None] * 9
        assert zygote not in {int(answer.payload.split()[1]) for answer in answers}


def wait_for_end(pids: Sequence[int]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while any(map(lives, pids)) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not any(map(lives, pids))


def lives(pid: int) -> bool:
    """Whether a process is there; one that only waits for its parent to ask for its end is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_leaving_the_pool_leaves_no_guard(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        (first,) = pool.map([Task(0, b"pids", 1)])
        guarded = children_of(int(first.payload.split()[1]))
        assert len(guarded) == 3
    wait_for_end(guarded)


def test_ctrl_c_reaches_the_parent_alone(program: Program) -> None:
    before = "import signal; signal.signal(signal.SIGINT, lambda *_: print('told', flush=True))\n"
    with program.start(b"wait_for_file " + program.flag, before=before) as parent:
        assert parent.stderr is not None
        assert parent.stdout is not None
        assert parent.stderr.readline() == "busy\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.readline() == "told\n"
        Path(os.fsdecode(program.flag)).touch()
        output, _ = parent.communicate(timeout=WAIT_S)
    assert (output, parent.returncode) == ("0 None b'done'\n", 0)


def test_a_parent_whose_output_nobody_reads_leaves_no_process(program: Program) -> None:
    with program.start(b"hang", *[b"echo "] * 20) as parent:
        assert parent.stdout is not None
        parent.stdout.close()
        _, errors = parent.communicate(timeout=WAIT_S)
    assert "BrokenPipeError" in errors
    assert parent.returncode == 1


def test_a_parent_without_standard_output_has_workers_too(program: Program) -> None:
    program.write(b"print hello")
    command = f"exec {sys.executable} {program.file} >&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "raw hello")


def test_what_commands_see_is_the_environment_of_the_parent(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (answer,) = pool.map([Task(0, b"environment", 1)])
    assert answer.payload.decode().split("\n") == sorted(os.environ)


def test_a_worker_that_dies_takes_the_commands_it_started_with_it(program: Program) -> None:
    with program.start(b"command_then_die") as parent:
        # The command holds standard error too, and would do so for a thousand seconds.
        output, _ = parent.communicate(timeout=WAIT_S)
    assert output == "0 its worker process ended with exit status 1 b''\n"


def test_ctrl_c_ends_everything_with_one_traceback(program: Program) -> None:
    with program.start(b"hang", b"command") as parent:
        assert parent.stderr is not None
        assert [parent.stderr.readline(), parent.stderr.readline()] == ["busy\n"] * 2
        os.killpg(parent.pid, signal.SIGINT)
        _, errors = parent.communicate(timeout=WAIT_S)
    assert errors.count("Traceback") == 1
    assert errors.endswith("KeyboardInterrupt\n")


def test_a_script_without_a_guard_runs_once(program: Program) -> None:
    with program.start(b"main", b"main") as parent:
        output, errors = parent.communicate(timeout=WAIT_S)
    file = repr(str(program.file)) if program.fork else "None"
    told = [f"{number} None {file.encode()!r}" for number in range(2)]
    assert (sorted(output.splitlines()), errors) == (told, "")
    assert program.log.read_text() == "ran\n"


@pytest.mark.parametrize("how", ["-c", "-m", "-"])
def test_a_program_is_not_run_again_however_it_was_started(program: Program, how: str) -> None:
    text = program.write(b"main")
    arguments = {"-c": ["-c", text], "-m": ["-m", "script"], "-": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text,
        capture_output=True,
        text=True,
        cwd=program.file.parent,
        timeout=WAIT_S,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("0 None ")
    assert program.log.read_text() == "ran\n"


def test_what_work_prints_goes_to_standard_error(program: Program) -> None:
    with program.start(b"print hello") as parent:
        output, errors = parent.communicate(timeout=WAIT_S)
    assert (output, errors) == ("0 None b''\n", "hello\nraw hello")


def test_a_parent_without_standard_error_has_workers_too(program: Program) -> None:
    program.write(b"print hello")
    command = f"exec {sys.executable} {program.file} 2>&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert (done.stdout, done.stderr) == ("0 None b''\n", "")


def test_modules_are_imported_once_before_workers_are_forked(prepare: Prepare) -> None:
    modules = ["json.tool", "no_such_module"]
    with ProcessPool(prepare, b"", jobs=1, preload=modules) as pool:
        answers = pool.map([Task(0, b"imported json.tool", 1), Task(1, b"imported wave", 1)])
        assert [answer.payload for answer in answers] == [b"yes", b"no"]


def test_functions_are_called_once_before_workers_are_forked(prepare: Prepare) -> None:
    calls = ["sample_work:no_such_function", "importlib:invalidate_caches", "tracemalloc:start"]
    with ProcessPool(prepare, b"", jobs=1, preload=calls) as pool:
        (answer,) = pool.map([Task(0, b"traced ", 1)])
    assert answer.payload == b"yes"


def test_files_the_caller_left_inheritable_are_not_kept_open(prepare: Prepare) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    with ProcessPool(prepare, b"", jobs=1) as pool:
        list(pool.map([Task(0, b"echo ", 1)]))
        os.close(writer)
        assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_process_with_threads_is_not_forked(program: Program) -> None:
    before = (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    with program.start(b"main", before=before) as parent:
        output, errors = parent.communicate(timeout=WAIT_S)
    assert (output, errors) == ("0 None b'None'\n", "")


def test_a_worker_has_no_handler_of_its_parent(program: Program) -> None:
    before = (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: print('parent', flush=True))\n"
        "print('once ', end='')\n"
    )
    with program.start(b"kill 15", before=before) as parent:
        output, errors = parent.communicate(timeout=WAIT_S)
    assert (output, errors) == ("once 0 its worker process was killed by SIGTERM b''\n", "")


@pytest.mark.parametrize("fork", [False, True])
def test_workers_that_replace_others_come_from_an_interpreter(prepare: Prepare, fork: bool) -> None:
    asked: list[None] = []

    def refuse() -> bool:
        asked.append(None)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spawn, "_can_fork", refuse)
        with ProcessPool(prepare, b"", jobs=1, fork=fork) as pool:
            list(pool.map([Task(0, b"exit 1", 1), Task(1, b"echo ", 1)]))
    assert len(asked) == fork
