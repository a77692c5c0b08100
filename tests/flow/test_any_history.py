"""Whatever happens to a project, its processors and its cache: a run gives what one without a cache
gives, and a function is called on exactly the chunks whose key is new.
"""

import importlib
import os
import shutil
import sys
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
from chunkflow.engine.worker.work import prepare
from chunkflow.flow.pools import Pools
from chunkflow.model.report import FileReport, Report
from chunkflow.pool.inline import InlinePool
from chunkflow.pool.protocol import Pool
from chunkflow.processors import fingerprint

_PREFIX = "chunkflow-history-"
NAMES = ("a.ts", "b.ts", "c.tsx", "lib/a.ts", "lib/deep/d.ts")
LINES = (
    "let a = 1",
    "let b = 2",
    "let a = 3; let c = 3",
    "function f(a) { return a ? 1 : 2 }",
    "function g(a) { return a ? 1 : 2 }",
    "class K { m() {} n() { return 1 } }",
    "// a comment",
    "",
    "describe('s', () => {\n  it('t', () => {})\n})",
    "suite2('s', () => {\n  it('t', () => {})\n})",
    "const odd = `",
)
LENGTHS = st.integers(0, 10)
RULES = """
import counting
from chunkflow import Finding
from chunkflow.processors.python import processor

@processor(context=%(context)s)
def told(chunk):
    counting.begin(chunk)
    found = [chunk.name, chunk.kind, chunk.path, chunk.text.upper(), helping.word(), %(word)r]
    counting.end(chunk)
    return [Finding(found[3])] if chunk.kind == "class" else found

import helping
"""
COUNTING = """
called = []
interrupt_at = None

def begin(chunk):
    if len(called) == interrupt_at:
        raise KeyboardInterrupt

def end(chunk):
    called.append((chunk.language, chunk.kind, chunk.source, chunk.path))
"""
Text = st.lists(st.sampled_from(LINES), max_size=7)


class Histories(RuleBasedStateMachine):
    """A project that changes, with runs between the changes."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self.before: list[tuple[str, bytes]] = []
        self.overrides: dict[str, Any] = {}
        # What went into the keys of the processor, and the chunks that it has a result for.
        self.word, self.helped, self.context = "w", "h", "()"
        self.known: set[object] | None = set()

    def teardown(self) -> None:
        forget_modules()
        shutil.rmtree(self.root)

    @initialize()
    def begin(self) -> None:
        (self.root / "counting.py").write_text(COUNTING)
        (self.root / "chunkflow.toml").write_text("")
        (self.root / "lib" / "deep").mkdir(parents=True)
        self.write_processor()
        for name, number in zip(NAMES, range(len(NAMES)), strict=True):
            self.write(name, LINES[number : number + 4])

    def write_processor(self) -> None:
        text = RULES % {"context": self.context, "word": self.word}
        (self.root / "told.py").write_text(text)
        (self.root / "helping.py").write_text(f"def word():\n    return {self.helped!r}\n")

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

    @rule(word=st.sampled_from("wxyz"), context=st.sampled_from(("()", "('path',)")))
    def edit_the_processor(self, word: str, context: str) -> None:
        if (word, context) != (self.word, self.context):
            self.word, self.context = word, context
            self.write_processor()

    @rule(word=st.sampled_from("hijk"))
    def edit_what_the_processor_imports(self, word: str) -> None:
        self.helped = word
        self.write_processor()

    @rule(
        suites=st.sampled_from((("describe",), ("describe", "suite2"))),
        limit=st.sampled_from((None, 20)),
    )
    def change_the_settings(self, suites: tuple[str, ...], limit: int | None) -> None:
        self.overrides = {"suites": list(suites), "max_chunk_bytes": limit}

    @rule()
    def clear_the_store(self) -> None:
        with self.flow() as flow:
            flow.clear_caches("l3")
        self.known = set()

    @rule(keep=st.integers(2, 4))
    def lose_a_part_of_the_store(self, keep: int) -> None:
        import sqlite3

        for path in (self.root / ".chunkflow_cache").glob("*.sqlite3"):
            with sqlite3.connect(path) as connection:
                table = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%used%'"
                ).fetchone()[0]
                connection.execute(f"DELETE FROM {table} WHERE rowid % {keep} = 0")
            connection.close()
        # A chunk may be lost though its file's record is there. Until all is cleared nobody knows.
        self.known = None

    @rule(at=st.integers(0, 3))
    def interrupt_a_run(self, at: int) -> None:
        self.new_process()
        vars(sys.modules["counting"])["interrupt_at"] = at
        try:
            with self.flow() as flow:
                flow.optimize_files(processors=["told:told", "metrics"])
        except KeyboardInterrupt:
            pass
        self.note_calls()

    @invariant()
    def a_run_gives_what_one_without_cache_gives(self) -> None:
        with self.flow() as flow:
            self.check(flow)

    @rule()
    def run_twice_in_one_process(self) -> None:
        with self.flow() as flow:
            self.check(flow)
            assert self.check(flow).totals.reran == 0

    def check(self, flow: ChunkFlow) -> Report:
        self.new_process()
        report = flow.optimize_files(processors=["told:told", "metrics"])
        called, new = self.note_calls()
        self.new_process()
        with self.flow(cache=False) as fresh:
            scratch = fresh.optimize_files(processors=["told:told", "metrics"])
        assert [lasting(file) for file in report.files] == [lasting(file) for file in scratch.files]
        there = {self.key(call) for call in sys.modules["counting"].called}
        assert len(called) == len(set(called)), "the same chunk was called for twice"
        assert set(called) <= there
        if self.known is not None:
            assert set(called) == new
            assert there <= self.known
        return report

    def key(self, call: tuple[object, ...]) -> object:
        path = call[3] if self.context != "()" else None
        made = (self.word, self.helped, self.context, repr(sorted(self.overrides.items())))
        return (*made, *call[:3], path)

    def note_calls(self) -> tuple[list[object], set[object]]:
        """The keys that were called for, and those of them that were not known before."""
        called = [self.key(call) for call in sys.modules["counting"].called]
        new = set(called) - (self.known or set())
        if self.known is not None:
            self.known |= set(called)
        return called, new

    def flow(self, *, cache: bool = True) -> ChunkFlow:
        return ChunkFlow(self.root, cache=cache, **self.overrides)

    def new_process(self) -> None:
        """What a run finds in a process that has just started."""
        forget_modules()
        sys.path.insert(0, str(self.root))
        importlib.import_module("counting")


def forget_modules() -> None:
    for name in ("told", "helping", "counting"):
        sys.modules.pop(name, None)
    sys.path[:] = [entry for entry in sys.path if _PREFIX not in entry]
    importlib.invalidate_caches()
    fingerprint._source_digest.cache_clear()


def lasting(file: FileReport) -> tuple[object, ...]:
    """What must not depend on what the cache held."""
    return (file.path, file.chunks, file.findings, file.results, file.error, file.size_bytes)


def test_any_history(monkeypatch: pytest.MonkeyPatch) -> None:
    # Calls are counted in this process, which must not find what it compiled of an older text.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def open_in_line(self: Pools, *, small: bool) -> Pool:
        return InlinePool(prepare, self._config())

    monkeypatch.setattr(Pools, "open", open_in_line)
    monkeypatch.setattr(Pools, "begin", lambda _, *, fork: None)
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=4,
            stateful_step_count=25,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
