"""Commands take turns and are told apart from what runs beside them; no peer is installed."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import npm_peers
from bench import plot as plotting
from bench import rounds as bench_rounds
from bench import table as bench_table
from bench import tools as bench
from bench.commands import FLOORS, OURS, Command, files_in_output
from bench.measure import Usage
from bench.npm_peers import peers_folder
from bench.peers import PEERS
from bench.plot import PlotError, plot
from bench.rounds import BenchError, Measured, ratio
from bench.table import goals, report, table
from bench.tools import COMMANDS, main, raw
from bench.workspace import Workspace, WorkspaceError, make_workspace, source_files_in
from npm import NpmError, find_program

FakeNpm = Callable[..., Path]
FakePeers = Callable[..., Path]

# A peer that tells what it was asked to do, and where.
PEER = """\
#!{python}
import os, sys
with open({calls!r}, "a") as log:
    log.write(os.path.basename(sys.argv[0]) + " " + " ".join(sys.argv[1:]) + "\\n")
    log.write(os.getcwd() + "\\n")
print("looked at 1,234 files")
sys.exit({status!r})
"""
PACKAGES = {
    "eslint": "eslint",
    "oxlint": "oxlint",
    "biome": "@biomejs/biome",
    "ast-grep": "@ast-grep/cli",
    "prettier": "prettier",
}


def command(name: str, code: str, folder: Path) -> Command:
    return Command(name, name, "1", (sys.executable, "-c", code), folder)


def measured(
    name: str, *walls: float, files: int | None = 3, peak: int | None = 1 << 20
) -> Measured:
    runs = tuple(Usage(0, wall, 2 * wall) for wall in walls)
    return Measured(Command(name, f"`{name}`", "1.2", (), Path()), files, runs, peak)


def quiet(_: str) -> None:
    pass


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A project of two files, and what does not count."""
    folder = tmp_path / "sources"
    for name, text in {
        "a.ts": "export function one() {\n  return 1;\n}\n",
        "deep/b.tsx": "export const b = <p />;\n",
        "deep/notes.md": "notes",
        "node_modules/c.ts": "let c",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, sources: Path) -> Workspace:
    root = tmp_path / "workspace"
    root.mkdir()
    return make_workspace(root, sources, source_files_in(sources))


@pytest.fixture
def fake_peers(tmp_path: Path, corpus_root: Path) -> FakePeers:
    """Peers that are installed already; returns the file where they log calls."""

    def install(status: int = 0) -> Path:
        folder = corpus_root.parent / "bench-npm"
        calls = tmp_path / "peer-calls"
        calls.touch()
        programs = folder / "node_modules" / ".bin"
        programs.mkdir(parents=True)
        for name, package in PACKAGES.items():
            place = folder / "node_modules" / package
            place.mkdir(parents=True)
            (place / "package.json").write_text(json.dumps({"version": f"{len(name)}.0"}))
            text = PEER.format(python=sys.executable, calls=str(calls), status=status)
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (folder / "installed.txt").write_text("\n".join(npm_peers.PEERS))
        return calls

    return install


@pytest.mark.slow
def test_commands_take_turns_and_the_first_round_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import sys; open({!r}, 'a').write({!r}); print('7 files')"
    commands = [command(name, code.format(str(log), name), tmp_path) for name in "ab"]
    found = bench_rounds.bench(commands, rounds=2, tell=quiet)
    # Three rounds for time, and two for memory.
    assert log.read_text() == "ab" * 5
    assert [(len(each.runs), each.files) for each in found] == [(2, 7), (2, 7)]


@pytest.mark.slow
def test_preparation_comes_before_every_run(tmp_path: Path) -> None:
    steps: list[str] = []
    code = "import os; os.remove('made')"

    def prepare() -> None:
        (tmp_path / "made").touch()
        steps.append("prepared")

    one = command("a", code, tmp_path)._replace(prepare=prepare)
    bench_rounds.bench([one], rounds=1, tell=quiet)
    assert len(steps) == 4


def test_failed_command_is_named_with_what_it_said(tmp_path: Path) -> None:
    code = "import sys; print('out of luck'); sys.exit(2)"
    with pytest.raises(BenchError, match="bad ended with status 2: out of luck"):
        bench_rounds.bench([command("bad", code, tmp_path)], rounds=1, tell=quiet)


def test_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = Command("gone", "gone", "1", (str(tmp_path / "gone"),), tmp_path)
    with pytest.raises(BenchError, match=r"gone could not be started: .*No such file"):
        bench_rounds.bench([missing], rounds=1, tell=quiet)


@pytest.mark.slow
def test_findings_are_no_failure(tmp_path: Path) -> None:
    found = bench_rounds.bench(
        [command("a", "import sys; sys.exit(1)", tmp_path)], rounds=1, tell=quiet
    )
    assert found[0].runs[0].status == 1


@pytest.mark.slow
def test_commands_run_in_a_clean_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("CHUNKFLOW_PARALLEL_OPS", "7")
    monkeypatch.setenv("KEPT", "yes")
    code = "import json, os; json.dump(dict(os.environ), open('environment', 'w'))"
    bench_rounds.bench([command("a", code, tmp_path)], rounds=1, tell=quiet)
    seen = json.loads((tmp_path / "environment").read_text())
    assert "PYTHONDONTWRITEBYTECODE" not in seen
    assert "CHUNKFLOW_PARALLEL_OPS" not in seen
    assert (seen["KEPT"], seen["NO_COLOR"]) == ("yes", "1")


def test_ratio_is_the_median_of_those_within_rounds() -> None:
    # Both doubled in the last round, as on a machine that was busy.
    slow, fast = measured("slow", 3, 4, 6), measured("fast", 1, 1, 2)
    assert ratio(slow, fast) == 3
    assert ratio(slow, fast, factor=0.5) == 1.5


def test_table_has_a_line_a_command_and_ours_is_bold() -> None:
    rows = [measured("parse", 1, 1, files=None, peak=None), measured("warm", 0.5, 0.25)]
    lines = table(rows).splitlines()
    assert lines[2:] == [
        "| `parse` | 1.2 | - | 1.000 | 1.00 | 2.00 | - |",
        "| **`warm`** | 1.2 | 3 | 0.375 | 0.38 | 0.75 | 1 |",
    ]


def test_table_without_the_floor_has_no_ratios() -> None:
    assert "| 3 | 0.500 | - |" in table([measured("warm", 0.5)])


def test_goals_are_told_where_both_sides_were_measured() -> None:
    rows = [measured("metrics", 2), measured("metrics-1", 3), measured("parse", 1)]
    rows.append(measured("parse-1", 1.6))
    assert goals(rows).splitlines()[2:] == [
        "| metrics, cold, over the bare parse | 2.00 | <= 1.6 |",
        "| parallel efficiency, bare parse | 0.80 | - |",
        "| parallel efficiency, metrics | 0.75 | >= 0.9 |",
    ]
    assert goals(rows[:1]) == ""


def test_report_names_machine_date_and_command() -> None:
    text = report([measured("parse", 1)], what="a: 2 files", arguments=["--rounds", "3"], rounds=3)
    facts = text.splitlines()[0]
    assert facts.startswith("a: 2 files. 2")
    assert re.search(r"\d+ CPUs.* GiB of memory, \w+, Python [\d.]+, Node.js [\d.]+\.", facts)
    assert "`python scripts/bench/tools.py --rounds 3`: medians of 3 rounds" in facts


def test_machine_without_a_list_of_processors_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    monkeypatch.setattr("platform.processor", lambda: "a processor")
    assert "CPUs (a processor)," in bench_table.machine()


@pytest.mark.parametrize(
    ("output", "files"),
    [
        ("Finished in 31ms on 1494 files with 1 rules", 1494),
        ("3 files failed\n1,494 files, 15,921 chunks: 0 rerun", 1494),
        ("sg: summary|file: scannedFileCount=27,skippedFileCount=0", 27),
        ("nothing", None),
    ],
)
def test_number_of_files_is_what_the_tool_says(output: str, files: int | None) -> None:
    assert files_in_output(output) == files


def test_workspace_holds_the_source_files_alone(workspace: Workspace, sources: Path) -> None:
    for copy in (workspace.project, workspace.edited, workspace.formatted):
        found = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
        assert found == {"a.ts", "deep/b.tsx"}
    size_bytes = sum((sources / name).stat().st_size for name in ("a.ts", "deep/b.tsx"))
    assert (workspace.files, workspace.size_bytes) == (2, size_bytes)


def test_folder_without_source_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert (
        f"there is no source file in {tmp_path}; name one that has .ts" in capsys.readouterr().err
    )


def test_each_edit_changes_one_function(workspace: Workspace) -> None:
    edited = OURS["edited"](workspace)
    texts = set()
    for _ in range(2):
        edited.prepare()
        texts.add((workspace.edited / "a.ts").read_text())
    assert texts == {
        f"export function one() {{\n  return 1;\n;void {number};}}\n" for number in (1, 2)
    }
    assert "void" not in (workspace.project / "a.ts").read_text()


def test_what_only_looks_like_a_body_is_not_edited(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("declare function f(): { a: string }\nlet b = {}\n")
    root = tmp_path / "workspace"
    root.mkdir()
    workspace = make_workspace(root, tmp_path, [tmp_path / "a.ts"])
    with pytest.raises(WorkspaceError, match=r"no function in .* that could be edited"):
        OURS["edited"](workspace)


@pytest.mark.slow
def test_floors_and_ours_look_at_the_same_files(
    sources: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder = Recorder([])
    monkeypatch.setattr(plotting, "import_module", lambda _: recorder)
    kept, picture = tmp_path / "all.json", tmp_path / "all.png"
    names = ["python", "parse", "chunks-1", "warm"]
    outputs = ["--json", str(kept), "--plot", str(picture)]
    assert main([str(sources), "--rounds", "1", *outputs, "--only", *names]) == 0
    assert dict(recorder.calls)["savefig"] == (picture,)
    output = capsys.readouterr().out
    assert output.startswith("sources: 2 files, 0.0 MB.")
    rows = {row["name"]: row for row in json.loads(kept.read_text())["commands"]}
    assert list(rows) == names
    assert {name: row["files"] for name, row in rows.items()} == {
        "python": None,
        **dict.fromkeys(names[1:], 2),
    }
    assert all(len(row["wall_s"]) == 1 for row in rows.values())


@pytest.mark.slow
def test_cold_run_reruns_everything_and_a_warm_one_nothing(workspace: Workspace) -> None:
    cold, warm, edited = (OURS[name](workspace) for name in ("metrics", "warm", "edited"))
    assert [_reran(cold), _reran(cold)] == [2, 2]
    assert [_reran(warm), _reran(warm)] == [2, 0]
    assert [_reran(edited), _reran(edited)] == [2, 1]


def _reran(command: Command) -> int:
    usage, said = bench_rounds.run(command, "time", dict(os.environ))
    assert usage.status == 0
    found = re.search(r"(\d+) rerun", said)
    assert found is not None
    return int(found[1])


@pytest.mark.slow
def test_peers_look_at_the_folders_that_are_theirs(
    fake_peers: FakePeers, workspace: Workspace
) -> None:
    calls = fake_peers()
    commands = {name: make(workspace) for name, make in PEERS.items()}
    calls.write_text("")
    for each in commands.values():
        each.prepare()
        usage, said = bench_rounds.run(each, "time", dict(os.environ))
        assert usage.status == 0
        assert each.name == "prettier-warm" or each.files(said) == 1234
    lines = calls.read_text().splitlines()
    where = {
        line.split()[0]: Path(place).name
        for line, place in zip(lines[::2], lines[1::2], strict=True)
    }
    assert where["prettier"] == "formatted"
    assert [Path(place).name for place in lines[1::2]].count("edited") == 1
    assert {line.split()[0] for line in lines[::2]} == set(PACKAGES)
    assert sum("--cache-location" in line for line in lines[::2]) == 3


def test_peers_are_named_with_their_versions(fake_peers: FakePeers, workspace: Workspace) -> None:
    fake_peers()
    assert PEERS["oxlint"](workspace).version == "6.0"
    assert PEERS["ast-grep"](workspace).version == "8.0"


def test_prettier_formats_its_own_copy_first(fake_peers: FakePeers, workspace: Workspace) -> None:
    calls = fake_peers()
    prettier = PEERS["prettier-warm"](workspace)
    assert calls.read_text().startswith("prettier --write")
    cache = workspace.caches / "prettier"
    cache.write_text(json.dumps([["1"], "a.ts", "deep/b.tsx", "gone.ts", "a.ts", "hash"]))
    assert prettier.files("") == 2


def test_what_prettier_cannot_format_is_told(
    fake_peers: FakePeers, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_peers(status=2)
    PEERS["prettier-warm"](workspace)
    assert "Prettier could not format" in capsys.readouterr().err


def test_peers_are_installed_once(fake_npm: FakeNpm, corpus_root: Path) -> None:
    calls = fake_npm()
    assert peers_folder(("peer@1",)) == corpus_root.parent / "bench-npm"
    peers_folder(("peer@1",))
    peers_folder(("peer@2",))
    assert [line.split()[-1] for line in calls.read_text().splitlines()] == ["peer@1", "peer@2"]
    assert "--no-package-lock" in calls.read_text()


def test_installation_that_failed_is_tried_again(fake_npm: FakeNpm) -> None:
    fake_npm(status=1, complaint="no such peer")
    with pytest.raises(NpmError, match="npm install failed: no such peer; check the"):
        peers_folder(("peer@1",))
    calls = fake_npm()
    peers_folder(("peer@1",))
    assert len(calls.read_text().splitlines()) == 2


def test_missing_npm_and_node_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus_root: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NpmError, match="there is no npm; install Node"):
        peers_folder()
    with pytest.raises(NpmError, match="there is no node; install Node"):
        find_program("node")


class Recorder:
    """Stands in for matplotlib's parts: remembers what is called, and with what."""

    def __init__(self, calls: list[tuple[str, tuple[object, ...]]]) -> None:
        self.calls = calls
        self._bars = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        def record(*args: object, **_: object) -> object:
            self.calls.append((name, args))
            if name == "subplots":
                return self, self
            if name == "barh":
                labels = args[0]
                assert isinstance(labels, list)
                self._bars = len(labels)
            return [self] * self._bars if name in ("barh", "get_yticklabels") else 1.0

        return record

    def __getitem__(self, _: object) -> "Recorder":
        return self

    @property
    def spines(self) -> "Recorder":
        return self

    @property
    def xaxis(self) -> "Recorder":
        return self


def test_picture_has_a_bar_a_command_the_shortest_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder([])
    monkeypatch.setattr(plotting, "import_module", lambda _: recorder)
    rows = [measured("eslint", 5), measured("warm", 0.25)]
    plot(rows, tmp_path / "a.png", title="times", note="a machine")
    calls = dict(recorder.calls)
    assert calls["barh"] == (["warm", "eslint"], [0.25, 5])
    assert calls["savefig"] == (tmp_path / "a.png",)


def test_missing_matplotlib_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotError):
        plotting.require_matplotlib()
    assert main([str(tmp_path), "--plot", str(tmp_path / "a.png")]) == 2
    assert 'a picture needs matplotlib: pip install "chunkflow[bench]"' in capsys.readouterr().err


def test_corpus_is_measured_where_no_folder_is_named(
    corpus_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus_root / "zod-4.6.7").mkdir(parents=True)
    (corpus_root / "zod-4.6.7" / "a.ts").write_text("let a")
    found = bench.subject(None, "zod")
    assert (found.label, [path.name for path in found.files]) == ("zod 4.6.7", ["a.ts"])


def test_every_command_has_a_place_in_the_table() -> None:
    assert list(COMMANDS) == [*FLOORS, *OURS, *PEERS]
    assert raw([])
