"""Explanations as people and programs read them."""

from chunkflow.model.explanation import REASONS, ChunkExplanation, FileExplanation
from chunkflow.report.explain import convert_explanation, render_explanations

FOUND = ChunkExplanation("metrics", "method", "m", ("K",), 2, 4, "ab", "l2")
RUNS = ChunkExplanation("a:b", "comment", None, (), 6, 6, "cd", None, ("settings", "text"))


def lines(*files: FileExplanation) -> list[str]:
    return list(render_explanations(files))


def test_a_chunk_is_a_line() -> None:
    assert lines(FileExplanation("a.ts", (FOUND, RUNS))) == [
        "a.ts:2-4: metrics: method K.m: found in L2",
        "a.ts:6-6: a:b: comment: runs: the processor's settings have changed, its text has changed",
    ]


def test_every_reason_has_words() -> None:
    for reason, words in REASONS.items():
        (line,) = lines(FileExplanation("a.ts", (RUNS._replace(reasons=(reason,)),)))
        assert line.endswith(f"runs: {words}")


def test_names_cannot_write_to_the_terminal() -> None:
    chunk = FOUND._replace(name="\x1b[2J", processor="p\x07")
    (line,) = lines(FileExplanation("a\x1b.ts", (chunk,)))
    assert line == "a\\x1b.ts:2-4: p\\x07: method K.\\x1b[2J: found in L2"
    (failed,) = lines(FileExplanation("a.ts", error="cannot \x1b"))
    assert failed == "failed: cannot \\x1b"


def test_programs_read_every_field() -> None:
    told = convert_explanation(FileExplanation("a.ts", (FOUND,)))
    assert told == {
        "path": "a.ts",
        "error": None,
        "chunks": [
            {
                "processor": "metrics",
                "kind": "method",
                "name": "m",
                "scope": ["K"],
                "start_line": 2,
                "end_line": 4,
                "chunk": "ab",
                "tier": "l2",
                "reasons": (),
            }
        ],
    }
