"""Whatever happens to projects, their processors and their cache: a run gives what one without a
cache gives, and a function is called on exactly the values whose key is new.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chunkflow import ChunkFlow
from chunkflow.model.report import FileReport, Report

NAMES = ("a.ts", "b.ts", "c.tsx", "lib/a.ts", "lib/deep/d.ts")
LINES = (
    "let a = 1",
    "let b = 2",
    "let a = 3; let c = 3",
    "import x from 'x'",
    "function f(a) { return a ? 1 : 2 }",
    "function g(a) { return a ? 1 : 2 }",
    "class K { m() {} n() { return 1 } }",
    "// a comment",
    "",
    "describe('s', () => {\n  it('t', () => {})\n})",
    "describe('s', () => {\n  it('t', () => {})\n},\n)",
    "suite2('s', () => {\n  it('t', () => {})\n})",
    "const odd = `",
)
LENGTHS = st.integers(0, 10)
FUNCTION = """
import json, os
from chunkflow import Finding, processor
import helping

@processor(context=%(context)s)
def told(chunk, options=None):
    from pack import late
    seen = [*map(str, chunk[:-4]), chunk.text, chunk.container, chunk.imports]
    line = json.dumps(seen) + "\\n"
    with open(os.environ["CALLS"], "a") as file:
        file.write(line)
    found = [seen, helping.word(), late.WORD, late.package(), options, %(word)r]
    return [Finding(chunk.kind + repr(found))] if chunk.kind == "class" else found
"""
LARGE = "large.ts"
LARGE_LINES = "".join(
    f"// {'-' * 90}\nexport function f{n}(a) {{\n  return a ? {n} : 2\n}}\n\n" for n in range(60)
)
PROCESSORS = ["told:told", "metrics"]
Text = st.lists(st.sampled_from(LINES), max_size=7)


class Histories(RuleBasedStateMachine):
    """Two projects that change, with runs between the changes, on one cache."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="chunkflow-history-"))
        self.calls = self.home / "calls"
        os.environ["CALLS"] = str(self.calls)
        self.roots = [self.home / "one", self.home / "two"]
        self.root = self.roots[0]
        self.before: list[tuple[str, bytes]] = []
        self.overrides: dict[str, Any] = {}
        self.living: ChunkFlow | None = None
        # What is in the keys of the function, by project, and the values it has a result for.
        self.code = {
            root: dict.fromkeys(("word", "helped", "late", "package"), "w") for root in self.roots
        }
        self.context = "()"
        self.options: dict[str, int] = {}
        self.known: set[object] | None = set()

    def teardown(self) -> None:
        if self.living is not None:
            self.living.close()
        del os.environ["CALLS"]
        shutil.rmtree(self.home)

    @initialize()
    def begin(self) -> None:
        for root in self.roots:
            (root / "lib/deep").mkdir(parents=True)
            (root / "pack").mkdir()
            (root / "chunkflow.toml").write_text("")
            self.root = root
            self.write_code()
            for name, number in zip(NAMES, range(len(NAMES)), strict=True):
                self.write(name, LINES[number : number + 4])

    def write_code(self) -> None:
        code = self.code[self.root]
        text = FUNCTION % {"context": self.context, "word": code["word"]}
        for name, code_text in {
            "told.py": text,
            "helping.py": f"def word():\n    return {code['helped']!r}\n",
            "pack/__init__.py": f"WORD = {code['package']!r}\n",
            "pack/late.py": "from . import WORD as OUTER\ndef package():\n    return OUTER\n"
            f"WORD = {code['late']!r}\n",
        }.items():
            self.write_in_place(self.root / name, code_text)

    def write_in_place(self, path: Path, text: str) -> None:
        """Of the same size, and with the times that the file had: so Python takes its `.pyc`."""
        kept = path.stat() if path.exists() else None
        path.write_text(text)
        if kept is not None:
            os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    @rule(number=st.integers(0, 1))
    def go_to_a_project(self, number: int) -> None:
        self.end_living()
        self.root = self.roots[number]
        self.write_code()

    @rule(name=st.sampled_from(NAMES), lines=Text)
    def write(self, name: str, lines: Sequence[str]) -> None:
        path = self.root / name
        if path.exists():
            self.before.append((name, path.read_bytes()))
        path.write_text("\n".join(lines))

    @rule(name=st.sampled_from(NAMES), at=LENGTHS, line=st.sampled_from(LINES), end=st.booleans())
    def insert(self, name: str, at: int, line: str, end: bool) -> None:
        path = self.root / name
        lines = path.read_text().split("\n") if path.exists() else []
        lines.insert(at, line)
        path.write_text("\n".join(lines) + "\n" * end)

    @rule(name=st.sampled_from(NAMES), at=LENGTHS, to=st.sampled_from(NAMES))
    def move_a_line(self, name: str, at: int, to: str) -> None:
        path = self.root / name
        lines = path.read_text().split("\n") if path.exists() else []
        if at < len(lines):
            line = lines.pop(at)
            path.write_text("\n".join(lines))
            with (self.root / to).open("a") as file:
                file.write(f"\n{line}")

    @rule(name=st.sampled_from(NAMES), to=st.sampled_from(NAMES))
    def rename(self, name: str, to: str) -> None:
        if (self.root / name).exists():
            (self.root / name).replace(self.root / to)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    @precondition(lambda self: self.before)
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        name, content = data.draw(st.sampled_from(self.before))
        (self.root / name).write_bytes(content)

    @rule(name=st.sampled_from(NAMES), hours=st.integers(-2, 2))
    def set_the_time(self, name: str, hours: int) -> None:
        if (self.root / name).exists():
            moved = (self.root / name).stat().st_mtime_ns + hours * 3_600_000_000_000
            os.utime(self.root / name, ns=(moved, moved))

    @rule(name=st.sampled_from(NAMES))
    def edit_without_a_trace(self, name: str) -> None:
        """Another content of the same size, and the same time of change."""
        path = self.root / name
        if path.exists():
            kept = path.stat()
            path.write_bytes(path.read_bytes().replace(b"1", b"9"))
            os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    @rule(part=st.sampled_from(("word", "helped", "late", "package")), word=st.sampled_from("wxyz"))
    def edit_code(self, part: str, word: str) -> None:
        self.code[self.root][part] = word
        self.write_code()

    @rule(context=st.sampled_from(("()", "('path',)", "('imports', 'scope')", "('container',)")))
    def declare_a_context(self, context: str) -> None:
        self.context = context
        self.write_code()

    @rule(
        suites=st.sampled_from((("describe",), ("describe", "suite2"))),
        limit=st.sampled_from((None, 20)),
        threshold=st.sampled_from((1, 100_000_000)),
        options=st.sampled_from(({}, {"a": 1}, {"a": 2})),
    )
    def change_the_settings(
        self, suites: tuple[str, ...], limit: int | None, threshold: int, options: dict[str, int]
    ) -> None:
        self.end_living()
        self.overrides = {
            "suites": list(suites),
            "max_chunk_bytes": limit,
            "streaming_threshold_bytes": threshold,
        }
        self.options = options
        table = "".join(f"{name} = {value}\n" for name, value in options.items())
        for root in self.roots:
            (root / "chunkflow.toml").write_text(f'[processors."told:told"]\n{table}')

    @rule(line=st.sampled_from(LINES), end=st.booleans())
    def write_a_large_file(self, line: str, end: bool) -> None:
        lines = (LARGE_LINES, line) if end else (line, LARGE_LINES)
        (self.root / LARGE).write_text("\n".join(lines))

    @rule()
    def clear_the_store(self) -> None:
        with self.flow() as flow:
            flow.clear_caches("l3")
        self.end_living()
        self.known = set()

    @rule(keep=st.integers(2, 4))
    def lose_a_part_of_the_store(self, keep: int) -> None:
        self.end_living()
        for path in (self.home / "cache").glob("*.sqlite3"):
            with sqlite3.connect(path) as connection:
                table = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%used%'"
                ).fetchone()[0]
                connection.execute(f"DELETE FROM {table} WHERE rowid % {keep} = 0")
            connection.close()
        # A chunk may be lost though its file's record is there. Until all is cleared nobody knows.
        self.known = None

    @rule(files=st.integers(0, 3))
    def stop_a_run(self, files: int) -> None:
        done = 0

        def progress(count: int, _total: int) -> None:
            nonlocal done
            done = count

        self.calls.write_text("")
        with self.flow() as flow:
            flow.optimize_files(
                processors=PROCESSORS, progress=progress, should_stop=lambda: done >= files
            )
        self.note_calls()

    @invariant()
    def a_run_gives_what_one_without_cache_gives(self) -> None:
        with self.flow() as flow:
            self.check(flow)

    @rule()
    def run_in_an_object_that_lives(self) -> None:
        if self.living is None:
            self.living = self.flow()
        self.check(self.living)
        assert self.check(self.living).totals.reran == 0

    def end_living(self) -> None:
        if self.living is not None:
            self.living.close()
            self.living = None

    def check(self, flow: ChunkFlow) -> Report:
        self.calls.write_text("")
        report = flow.optimize_files(processors=PROCESSORS)
        called, new = self.note_calls()
        self.calls.write_text("")
        with self.flow(cache=False) as fresh:
            scratch = fresh.optimize_files(processors=PROCESSORS)
        assert [lasting(file) for file in report.files] == [lasting(file) for file in scratch.files]
        there = set(self.called())
        assert len(called) == len(set(called)), "the same value was asked about twice"
        assert set(called) <= there
        if self.known is not None:
            assert set(called) == new
            assert there <= self.known
        return report

    def called(self) -> list[object]:
        """The keys of the values that were asked about."""
        made = (*sorted(self.code[self.root].items()), self.context, repr(self.options))
        lines = self.calls.read_text().splitlines()
        return [(*made, *map(str, json.loads(line))) for line in lines]

    def note_calls(self) -> tuple[list[object], set[object]]:
        """The keys that were called for, and those of them that were not known before."""
        called = self.called()
        new = set(called) - (self.known or set())
        if self.known is not None:
            self.known |= set(called)
        return called, new

    def flow(self, *, cache: bool = True) -> ChunkFlow:
        kept = {"dir": str(self.home / "cache")} if cache else False
        return ChunkFlow(self.root, cache=kept, parallel_operations=1, **self.overrides)


def lasting(file: FileReport) -> tuple[object, ...]:
    """What must not depend on what the cache held."""
    return (file.path, file.chunks, file.findings, file.results, file.error, file.size_bytes)


@pytest.mark.slow
def test_any_history() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=2,
            stateful_step_count=20,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
