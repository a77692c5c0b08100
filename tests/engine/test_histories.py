"""Whatever the history of a project, each of its chunks is called for once."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import count_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import Runner

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.processors.code import CodeLog
from chunkflow.processors.python import PythonProcessor
from chunkflow.syntax import sizes

Rules = Callable[[str], Path]

# Of broken text, a window this small sees another error than the whole file has.
BROKEN = ("const odd = `", "ä = <b>")
LINES = st.sampled_from(
    (
        "let a = 1",
        "let b = 2; let c = 3",
        "function f(a) { return a ? 1 : 2 }",
        "class K { m() {} n() { return 1 } }",
        "// a comment",
        "",
        "describe('s', () => {\n  it('t', () => {})\n})",
        *BROKEN,
    )
)
CONTENT = st.lists(LINES, max_size=8).map("\n".join)
STEP = st.dictionaries(st.sampled_from(("a.ts", "b.ts", "c.tsx")), CONTENT | st.none(), min_size=1)
LISTED = """
called = []

def listed(chunk):
    called.append(chunk)
    # All that it sees, so that nothing of it may depend on what the key does not hold.
    return [chunk.text, *chunk[:-4], *chunk[-2:]]
"""


@settings(
    max_examples=count_examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(STEP, min_size=1, max_size=6), streaming_bytes=st.sampled_from((None, 20)))
def test_any_history_calls_for_each_chunk_once(
    rules: Rules,
    history: list[dict[str, str | None]],
    streaming_bytes: int | None,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules(LISTED)
    root = tmp_path_factory.mktemp("history")
    (root / "rules.py").write_text(LISTED)
    tiers = Tiers(MemoryTier(64 << 20), None, warn=lambda _: None)
    # A process for each run would take minutes; here nothing is loaded late.
    monkeypatch.setattr(CodeLog, "install", lambda _: None)
    function = PythonProcessor("rules:listed", {}, root=str(root), log=CodeLog())
    kept, scratch = Runner(root, tiers), Runner(root, tiers)
    for runner in (kept, scratch):
        runner.is_in_line = True
        runner.descriptions["rules:listed"] = function.description
    texts = [text or "" for step in history for text in step.values()]
    if not any(line in text for line in BROKEN for text in texts):
        kept.streaming_bytes = streaming_bytes
    seen: set[tuple[object, ...]] = set()
    monkeypatch.setattr(sizes, "WINDOW_BYTES", 100)
    monkeypatch.setattr(sizes, "WHOLE_BYTES", 200)
    for step in history:
        for name, content in step.items():
            (root / name).unlink(missing_ok=True)
            if content is not None:
                (root / name).write_text(content)
        names = [path.name for path in sorted(root.glob("*.ts*"))]
        now = kept.run(*names, options=kept.options("rules:listed"))
        called = take_called()
        scratch.tiers = Tiers(MemoryTier(64 << 20), None, warn=lambda _: None)
        fresh = scratch.run(*names, options=scratch.options("rules:listed"))
        assert {p: (r.results, r.chunks, r.error) for p, r in now.items()} == {
            p: (r.results, r.chunks, r.error) for p, r in fresh.items()
        }
        assert not any(report.error for report in fresh.values())
        there = take_called()
        assert sorted(called) == sorted({*there} - seen)
        assert sum(report.reran for report in now.values()) == len(called)
        seen |= {*there}


def take_called() -> list[tuple[str, str, bytes]]:
    """What was called for since the last time, as its key has it."""
    called = sys.modules["rules"].called if "rules" in sys.modules else []
    found = [(chunk.language, chunk.kind, chunk.source) for chunk in called]
    called.clear()
    return found
