"""`chunkflow optimize-files`, as users and scripts meet it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reports import lasting

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Program = Callable[..., "subprocess.Popen[str]"]
Save = Callable[..., Path]
Rules = Callable[[str], Path]

SOURCE = """\
export function first(a: number) {
  return a
}

export function second(b: number) {
  return b ? 1 : 2
}
"""


@pytest.fixture
def run(cli: Cli) -> Callable[..., "Done"]:
    """Runs `optimize-files`."""
    return lambda *arguments: cli("optimize-files", *arguments)


@pytest.fixture
def run_json(run: Cli) -> Callable[..., dict[str, Any]]:
    """Runs `optimize-files --format json`, which must go well, and reads the report."""

    def read(*arguments: str | Path) -> dict[str, Any]:
        done = run("--format", "json", *arguments)
        assert (done.status, done.err) == (0, "")
        loaded: dict[str, Any] = json.loads(done.out)
        return loaded

    return read


Run = Callable[..., "Done"]
RunJson = Callable[..., dict[str, Any]]


def summary(out: str) -> str:
    return out.splitlines()[-1]


class TestHistory:
    """What reruns, as the JSON report tells."""

    @pytest.fixture(autouse=True)
    def _files(self, save: Save) -> None:
        save("a.ts", SOURCE)
        save("b.ts", "class K { m() { return 1 } }\n")

    def test_cold_then_warm(self, run_json: RunJson) -> None:
        cold = run_json()["totals"]
        assert (cold["files"], cold["chunks"], cold["reran"], cold["reused"]) == (2, 4, 4, 0)
        warm = run_json()["totals"]
        assert (warm["chunks"], warm["reran"], warm["reused"]) == (4, 0, 4)

    @pytest.mark.parametrize(
        ("old", "new", "reran"),
        [
            ("return a", "return a + 1", 1),
            ("return", "return 0 +", 2),
            ("export function second", "function new_() {}\n\nexport function second", 1),
            ("\n\nexport function second(b: number) {\n  return b ? 1 : 2\n}", "", 0),
            ("export function first", "\n\n\nexport function first", 0),
        ],
        ids=["one edited", "two edited", "inserted", "deleted", "moved down"],
    )
    def test_an_edit_reruns_what_it_touches(
        self, run_json: RunJson, project: Path, old: str, new: str, reran: int
    ) -> None:
        run_json()
        (project / "a.ts").write_text(SOURCE.replace(old, new))
        totals = run_json()["totals"]
        assert totals["reran"] == reran
        assert totals["reran"] + totals["reused"] == totals["chunks"]

    def test_report_is_the_same_whatever_the_cache_held(self, run: Run) -> None:
        flags: list[list[str]] = [["--no-cache"], ["--jobs", "1"], ["--jobs", "2"], [], []]
        reports = [run("--format", "json", *own).out for own in flags]
        assert len({lasting(report) for report in reports}) == 1

    def test_summary_tells_the_same_to_people(self, run: Run) -> None:
        assert summary(run().out).startswith("2 files, 4 chunks: 4 rerun, 0 reused (hits: L1 0,")
        assert summary(run().out).startswith("2 files, 4 chunks: 0 rerun, 4 reused (hits: L1 0,")


class TestNaming:
    """How files are named."""

    @pytest.fixture(autouse=True)
    def _files(self, save: Save) -> None:
        for name in ("a.ts", "b.ts", "in/c.ts", "in/d,e.ts"):
            save(name, "let a = 1\n")

    @staticmethod
    def paths(report: dict[str, Any]) -> list[str]:
        return [file["path"] for file in report["files"]]

    def test_nothing_named_is_the_project(self, run_json: RunJson) -> None:
        assert self.paths(run_json()) == ["a.ts", "b.ts", "in/c.ts", "in/d,e.ts"]

    def test_paths_are_files_and_directories(self, run_json: RunJson, project: Path) -> None:
        assert self.paths(run_json("in", project / "b.ts")) == ["b.ts", "in/c.ts", "in/d,e.ts"]

    def test_files_are_separated_by_commas(self, run_json: RunJson) -> None:
        report = run_json("--files=b.ts,in/c.ts", "--files=in/d,e.ts", "a.ts")
        assert self.paths(report) == ["a.ts", "b.ts", "in/c.ts", "in/d,e.ts"]

    def test_names_come_from_a_file(self, run_json: RunJson, save: Save) -> None:
        save("list", "b.ts\r\n\nin/c.ts\n")
        assert self.paths(run_json("--files-from", "list")) == ["b.ts", "in/c.ts"]

    @pytest.mark.parametrize(("flags", "text"), [([], b"b.ts\na.ts"), (["-0"], b"b.ts\0a.ts\0")])
    def test_names_come_from_standard_input(
        self, run_json: RunJson, monkeypatch: pytest.MonkeyPatch, flags: list[str], text: bytes
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert self.paths(run_json("--files-from", "-", *flags)) == ["a.ts", "b.ts"]

    def test_empty_list_is_nothing_to_do(self, run_json: RunJson, save: Save) -> None:
        save("list", "")
        assert self.paths(run_json("--files-from", "list")) == []
        assert self.paths(run_json("--files=")) == []

    def test_closed_standard_input_is_told(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        assert run("--files-from", "-") == (
            2,
            "",
            "chunkflow: cannot read names from standard input: it is closed\n",
        )

    @pytest.mark.parametrize(("name", "reason"), [("gone", "no such file"), ("in", "directory")])
    def test_list_that_cannot_be_read_is_told(self, run: Run, name: str, reason: str) -> None:
        done = run("--files-from", name)
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(f"chunkflow: cannot read {name}: ")
        assert reason in done.err


class TestBadInput:
    """What cannot be processed is told by name, and the rest is done."""

    @pytest.fixture(autouse=True)
    def _good_file(self, save: Save) -> None:
        save("good.ts", "let good = 1\n")

    @staticmethod
    def check(done: "Done", message: str) -> None:
        """One file failed, for that reason, and the other one was processed."""
        assert (done.status, done.err) == (2, "")
        failure, told = done.out.splitlines()
        assert failure == f"failed: {message}"
        assert ", 1 chunk: 1 rerun, " in told
        assert "; 0 findings, 1 failed; " in told

    def test_missing_file(self, run: Run) -> None:
        self.check(run("gone.ts", "good.ts"), "cannot read gone.ts: no such file")

    def test_missing_directory(self, run: Run) -> None:
        self.check(run("gone/", "good.ts"), "cannot read gone: no such file")

    def test_directory_with_the_suffix_of_a_file_is_searched(
        self, run_json: RunJson, save: Save
    ) -> None:
        save("a.ts/inner.ts", "let inner = 1\n")
        assert [file["path"] for file in run_json("a.ts")["files"]] == ["a.ts/inner.ts"]
        assert [file["path"] for file in run_json()["files"]] == ["a.ts/inner.ts", "good.ts"]

    def test_file_without_permission(self, run: Run, save: Save, permissions_count: None) -> None:
        save("secret.ts", "let a\n").chmod(0)
        self.check(run(), "cannot read secret.ts: permission denied")

    def test_file_that_is_not_utf8(self, run: Run, save: Save) -> None:
        save("latin.ts", "let größe = 1\n".encode("latin-1"))
        self.check(
            run(),
            "cannot read latin.ts: line 1 is not UTF-8 (byte 0xf6 at offset 6); save it as UTF-8",
        )

    def test_binary_file(self, run: Run, save: Save) -> None:
        save("video.ts", bytes(range(256)))
        self.check(
            run(),
            "cannot read video.ts: line 2 is not UTF-8 (byte 0x80 at offset 128); save it as UTF-8",
        )

    def test_empty_file_is_fine(self, run_json: RunJson, save: Save) -> None:
        save("empty.ts", "")
        empty, _ = run_json()["files"]
        assert (empty["chunks"], empty["error"]) == (0, None)

    def test_named_link_to_nothing(self, run: Run, project: Path) -> None:
        (project / "link.ts").symlink_to("gone.ts")
        self.check(run("link.ts", "good.ts"), "cannot read link.ts: it is a link to nothing")

    def test_found_link_to_nothing_is_passed_over(self, run_json: RunJson, project: Path) -> None:
        (project / "link.ts").symlink_to("gone.ts")
        assert [file["path"] for file in run_json()["files"]] == ["good.ts"]

    def test_found_link_to_itself(self, run: Run, project: Path) -> None:
        (project / "loop.ts").symlink_to("loop.ts")
        self.check(run(), "cannot read loop.ts: too many levels of symbolic links")

    def test_named_fifo(self, run: Run, project: Path) -> None:
        os.mkfifo(project / "pipe.ts")
        self.check(
            run("pipe.ts", "good.ts"),
            "cannot read pipe.ts: it is neither a file nor a directory",
        )

    def test_found_fifo_is_passed_over(self, run_json: RunJson, project: Path) -> None:
        os.mkfifo(project / "pipe.ts")
        assert [file["path"] for file in run_json()["files"]] == ["good.ts"]

    def test_named_file_of_another_language(self, run: Run, save: Save) -> None:
        save("a.py", "")
        done = run("a.py", "good.ts")
        assert done.status == 2
        assert done.out.startswith("failed: cannot read a.py: unknown language; known suffixes")

    def test_control_characters_in_a_name(self, run: Run) -> None:
        self.check(
            run("gone\x1b[31m\n.ts", "good.ts"), "cannot read gone\\x1b[31m\\n.ts: no such file"
        )

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_name_of_any_bytes_is_fine(self, run: Run, project: Path, form: str) -> None:
        name = os.fsdecode(b"\xff.ts")
        (project / name).write_text("function f(a) { return a }\n")
        save_limit = "[processors.metrics]\nmax_parameters = 0\n"
        (project / "chunkflow.toml").write_text(save_limit)
        done = run("--format", form)
        assert done.status == 0
        assert "\\udcff.ts" in done.out

    def test_error_is_told_in_json_too(self, run: Run) -> None:
        done = run("gone.ts", "good.ts", "--format", "json")
        assert done.status == 2
        gone, good = json.loads(done.out)["files"]
        assert (gone["status"], gone["error"]) == ("failed", "cannot read gone.ts: no such file")
        assert (good["status"], good["error"]) == ("changed", None)


class TestWrongUsage:
    """What ends a run before it has begun."""

    @pytest.fixture(autouse=True)
    def _good_file(self, save: Save) -> None:
        save("good.ts", "let good = 1\n")

    def test_unknown_processor_is_answered_with_the_nearest(self, run: Run) -> None:
        done = run("--processor", "metrix")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith('chunkflow: unknown processor "metrix"; did you mean "metrics"?')

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("fail_on = 3\n", 'chunkflow.toml:1: "fail_on" must be one of'),
            ("\nfial_on = 'error'\n", 'chunkflow.toml:2: unknown setting "fial_on"; did you mean'),
            ("fail_on\n", "chunkflow.toml:1:"),
            ("\nprocessors = ['metrix']\n", 'chunkflow.toml:2: unknown processor "metrix"; did'),
            ("processors = ['no:name']\n", 'chunkflow.toml:1: there is no module "no"'),
            ("[processors.metrics]\nmax_slok = 3\n", "processors.metrics.max_slok"),
            ("[processors.metrics]\nsince = 2020-01-01\n", "2: unknown setting"),
        ],
    )
    def test_broken_settings_are_told_with_their_place(
        self, run: Run, save: Save, text: str, message: str
    ) -> None:
        save("chunkflow.toml", text)
        done = run()
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("chunkflow: ")
        assert message in done.err

    def test_settings_file_that_is_not_there_is_told(self, run: Run) -> None:
        done = run("--config", "gone.toml")
        assert (done.status, done.out) == (2, "")
        assert "cannot read gone.toml" in done.err

    def test_output_that_cannot_be_written_is_told(self, run: Run) -> None:
        done = run("--output", "gone/report")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("chunkflow: cannot write gone/report: no such file")

    def test_cache_that_cannot_be_written_is_one_warning(
        self, run: Run, project: Path, permissions_count: None
    ) -> None:
        project.chmod(0o500)
        done = run()
        project.chmod(0o700)
        assert done.status == 0
        assert done.out.startswith("1 file, 1 chunk: 1 rerun")
        (warning,) = done.err.splitlines()
        assert warning.startswith("chunkflow: warning: cannot use the cache in ")
        assert warning.endswith("; going on without it")


@pytest.fixture
def complex_project(save: Save) -> None:
    """A project about which there is something to say."""
    save("chunkflow.toml", "[processors.metrics]\nmax_cyclomatic = 1\n")
    save("a.ts", SOURCE)


class TestOutput:
    """How much is said, where and how."""

    @pytest.fixture(autouse=True)
    def _files(self, complex_project: None) -> None:
        """Every test has them."""

    def test_findings_come_before_the_summary(self, run: Run) -> None:
        finding, told = run().out.splitlines()
        assert finding.startswith("a.ts:5:8: warning: ")
        assert "1 finding, 0 failed" in told

    @pytest.mark.parametrize(
        ("fail_on", "status"), [("error", 0), ("warning", 1), ("never", 0), (None, 0)]
    )
    def test_status_follows_fail_on(self, run: Run, fail_on: str | None, status: int) -> None:
        flags = [] if fail_on is None else ["--fail-on", fail_on]
        assert run(*flags).status == status

    def test_fail_on_may_be_a_setting(self, run: Run, save: Save) -> None:
        save("chunkflow.toml", 'fail_on = "warning"\n[processors.metrics]\nmax_cyclomatic = 1\n')
        assert run().status == 1

    def test_quiet_says_findings_only(self, run: Run, project: Path) -> None:
        (project / ".chunkflow_cache").write_text("no directory")
        done = run("--quiet")
        assert len(done.out.splitlines()) == 1
        assert done.err == ""

    def test_verbose_says_what_was_done_with_each_file(self, run: Run) -> None:
        done = run("--verbose")
        assert done.err == "changed: a.ts: 2 rerun\n"
        assert len(done.out.splitlines()) == 2

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_output_goes_to_a_file(self, run: Run, project: Path, form: str) -> None:
        shown = run("--format", form, "--no-cache").out
        done = run("--format", form, "--no-cache", "--output", "report", "--color", "always")
        assert done == (0, "", "")
        written = (project / "report").read_text()
        if form == "json":
            assert lasting(written) == lasting(shown)
        else:
            assert written.splitlines()[0] == shown.splitlines()[0]

    @pytest.mark.parametrize(
        ("flags", "environ", "colored"),
        [
            ([], {}, False),
            (["--color", "always"], {}, True),
            ([], {"FORCE_COLOR": "1"}, True),
            ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
            (["--color", "never"], {"FORCE_COLOR": "1"}, False),
            (["--color", "always", "--format", "json"], {"FORCE_COLOR": "1"}, False),
        ],
    )
    def test_colour_is_for_who_wants_it(
        self,
        run: Run,
        monkeypatch: pytest.MonkeyPatch,
        flags: list[str],
        environ: dict[str, str],
        colored: bool,
    ) -> None:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        done = run(*flags)
        assert ("\x1b[" in done.out) == colored
        assert done.err == ""

    def test_cache_may_lie_elsewhere(self, run: Run, project: Path, tmp_path: Path) -> None:
        run("--cache-dir", tmp_path / "results")
        assert "0 rerun, 2 reused" in run("--cache-dir", tmp_path / "results").out
        assert not (project / ".chunkflow_cache").exists()

    def test_settings_file_may_be_another(self, run: Run, save: Save) -> None:
        save("other.toml", "[processors.metrics]\nmax_cyclomatic = 100\n")
        assert "0 findings" in run("--config", "other.toml").out


PICKY = """
from chunkflow import Finding, processor

@processor(version="1")
def picky(chunk):
    if chunk.name == "second":
        raise ValueError("not that one")
    return [Finding("seen")]
"""


class TestProcessors:
    """Functions of users, whatever they do."""

    def test_two_processors_in_one_run(self, run_json: RunJson, save: Save, rules: Rules) -> None:
        save("a.ts", SOURCE)
        rules("def name(chunk): return chunk.name\n")
        report = run_json("--processor", "rules:name", "--processor", "metrics")
        (file,) = report["files"]
        assert sorted(file["results"]) == ["metrics", "rules:name"]
        assert [result["value"] for result in file["results"]["rules:name"]] == ["first", "second"]
        assert file["reran"] == 2

    def test_function_that_raises_costs_the_chunk_alone(
        self, run: Run, save: Save, rules: Rules
    ) -> None:
        save("a.ts", SOURCE)
        save("b.ts", "let b = 1\n")
        rules(PICKY)
        done = run("--processor", "rules:picky", "--format", "json")
        assert (done.status, done.err) == (2, "")
        a, b = json.loads(done.out)["files"]
        assert (a["status"], b["status"]) == ("failed", "changed")
        assert a["error"].startswith(
            'cannot process a.ts: lines 5-7: processor "rules:picky" raised ValueError:'
            " not that one"
        )
        assert [len(file["findings"]) for file in (a, b)] == [1, 1]

        again = run("--processor", "rules:picky", "--format", "json")
        assert lasting(again.out) == lasting(done.out)
        a, b = json.loads(again.out)["files"]
        assert (a["reran"], a["reused"], b["reran"]) == (1, 1, 0)

    def test_function_that_kills_its_process_costs_the_chunk_alone(
        self, run: Run, save: Save, rules: Rules
    ) -> None:
        for name in ("a", "bad", "c"):
            save(f"{name}.ts", f"let {name} = 1\n")
        rules(
            "import os\n"
            "def kill(chunk):\n"
            "    if chunk.name == 'bad':\n"
            "        os.kill(os.getpid(), 9)\n"
            "    return chunk.name\n"
        )
        done = run("--processor", "rules:kill", "--format", "json", "--jobs", "2")
        assert (done.status, done.err) == (2, "")
        files = json.loads(done.out)["files"]
        assert [(file["path"], file["status"], file["reran"]) for file in files] == [
            ("a.ts", "changed", 1),
            ("bad.ts", "failed", 1),
            ("c.ts", "changed", 1),
        ]
        assert files[1]["error"] == (
            'cannot process bad.ts: lines 1-1: processor "rules:kill": its worker process was'
            " killed by SIGKILL"
        )
        again = json.loads(run("--processor", "rules:kill", "--format", "json").out)["totals"]
        assert (again["reran"], again["reused"], again["failed"]) == (1, 2, 1)

    def test_function_that_hangs_costs_the_chunk_alone(
        self, run: Run, save: Save, rules: Rules
    ) -> None:
        for name in ("bad", "c"):
            save(f"{name}.ts", f"let {name} = 1\n")
        rules(
            "import threading\n"
            "def hang(chunk):\n"
            "    if chunk.name == 'bad':\n"
            "        threading.Event().wait()\n"
        )
        done = run("--processor", "rules:hang", "--timeout", "1")
        assert done.status == 2
        assert done.out.startswith(
            'failed: cannot process bad.ts: lines 1-1: processor "rules:hang": it took longer than'
            " the limit of 1 s\n2 files, 2 chunks: 2 rerun"
        )

    def test_what_a_function_prints_is_not_mixed_with_the_report(
        self, save: Save, rules: Rules, program: Program
    ) -> None:
        save("a.ts", "let a = 1\n")
        rules("def shout(chunk): print('loud')\n")
        out, err = program(
            "optimize-files", "--processor", "rules:shout", "--format", "json"
        ).communicate()
        assert json.loads(out)["totals"]["chunks"] == 1
        assert "loud" in err


WAITING = """
import os

def wait(chunk):
    if chunk.name == "last" and os.path.exists("started"):
        # Opened for writing, it waits for a reader; then for one that never writes.
        os.close(os.open("started", os.O_WRONLY))
        os.open("never", os.O_RDONLY)
    return chunk.name
"""


def wait_until_idle(pid: int) -> None:
    """Wait until a process has nothing to do."""
    seen = None
    while True:
        # See proc(5): the state, and ticks in user and kernel mode.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        state, ticks = fields[0], fields[11:13]
        if state == "S" and ticks == seen:
            return
        seen = ticks
        time.sleep(0.1)


class TestProgram:
    """The program as a whole, from outside."""

    @pytest.fixture
    def waiting(self, program: Program, project: Path, save: Save, rules: Rules) -> Program:
        """Starts a run, and returns when its last file is in hand, where it stays."""
        for name in ("a", "b", "last"):
            larger = "" if name == "last" else " // the larger a chunk is, the sooner its turn"
            save(f"{name}.ts", f"let {name} = 1{larger}\n")
        rules(WAITING)
        os.mkfifo(project / "started")
        os.mkfifo(project / "never")

        def start() -> "subprocess.Popen[str]":
            process = program("optimize-files", "--processor", "rules:wait", "--jobs", "1")
            os.close(os.open(project / "started", os.O_RDONLY))
            (project / "started").unlink()
            wait_until_idle(process.pid)  # what was done before may still be on its way
            return process

        return start

    @staticmethod
    def interrupt(process: "subprocess.Popen[str]") -> None:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == (
            "chunkflow: stopping after the files in work; press Ctrl-C again to stop at once\n"
        )

    def test_interrupted_run_finishes_what_is_in_hand_and_keeps_it(
        self, waiting: Program, run_json: RunJson, project: Path
    ) -> None:
        process = waiting()
        self.interrupt(process)
        os.close(os.open(project / "never", os.O_WRONLY))
        out, err = process.communicate()
        assert (process.returncode, out) == (130, "")
        assert err == "chunkflow: interrupted; finished work is kept\n"
        *_, last = run_json("--processor", "rules:wait")["files"]
        assert (last["path"], last["reran"]) == ("last.ts", 0)

    def test_run_interrupted_twice_ends_at_once_and_keeps_what_was_done(
        self, waiting: Program, run_json: RunJson
    ) -> None:
        process = waiting()
        self.interrupt(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert (process.returncode, out) == (130, "")
        assert err == "chunkflow: interrupted; finished work is kept\n"
        totals = run_json("--processor", "rules:wait")["totals"]
        assert totals["reran"] < totals["chunks"] == 3

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
    )
    def test_ended_run_keeps_what_was_done(
        self, waiting: Program, run_json: RunJson, number: signal.Signals, status: int
    ) -> None:
        process = waiting()
        process.send_signal(number)
        out, err = process.communicate()
        assert (process.returncode, out) == (status, "")
        assert err == f"chunkflow: ended by {number.name}; finished work is kept\n"
        totals = run_json("--processor", "rules:wait")["totals"]
        assert totals["reran"] < totals["chunks"] == 3

    def test_reader_that_stops_early_is_no_error(
        self, program: Program, complex_project: None, save: Save
    ) -> None:
        save("a.ts", SOURCE * 2_000)
        process = program("optimize-files")
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stderr.close()
        assert process.wait() == 0

    def test_full_disk_is_told(self, complex_project: None) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "chunkflow", "optimize-files"],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == (
            "chunkflow: cannot write to standard output: no space left on device\n"
        )

    def test_output_is_utf8_whatever_the_locale(self, save: Save) -> None:
        save("ä.ts", b"\xff")
        environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(
            [sys.executable, "-m", "chunkflow", "optimize-files", "ä.ts"],
            capture_output=True,
            env=environ,
            check=False,
        )
        assert (done.returncode, done.stderr) == (2, b"")
        assert done.stdout.startswith("failed: cannot read ä.ts: ".encode())
