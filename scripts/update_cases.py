"""Writes what is expected of each chunker case in fixtures/chunks anew; read the difference after.

    python scripts/update_cases.py

Beside `NAME.ts` lies `NAME.ts.chunks`: a line a chunk, with its lines, kind, full name, the bytes
of the chunk and of its declaration, and the beginning and end of its text.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from chunkflow import Chunk, chunk_source
from chunkflow.syntax.suffixes import language_of

CASES = Path(__file__).parent.parent / "fixtures" / "chunks"
SUFFIX = ".chunks"
SHOWN = 40


def case_files() -> list[Path]:
    """The inputs of all cases."""
    return sorted(path for path in CASES.iterdir() if path.suffix != SUFFIX)


def described(path: Path) -> str:
    """A case's chunks as the file of expectations has them."""
    chunks = chunk_source(path.read_bytes(), language_of(path.name) or "")
    return "".join(f"{line}\n" for line in _lines(chunks))


def _lines(chunks: list[Chunk]) -> Iterator[str]:
    for chunk in chunks:
        name = " > ".join([*(chunk.scope or ()), chunk.name or "-"])
        place = f"{chunk.start_line}-{chunk.end_line} {chunk.kind} {name}"
        spans = f"{chunk.start_byte}:{chunk.end_byte} {chunk.decl_start_byte}:{chunk.decl_end_byte}"
        text = repr(chunk.text)[1:-1]
        if len(text) > 2 * SHOWN:
            text = f"{text[:SHOWN]} … {text[-SHOWN:]}"
        yield f"{place} [{spans}] {text}"


def main() -> int:
    """Write every expectation that differs."""
    for path in case_files():
        expected = path.with_name(path.name + SUFFIX)
        text = described(path)
        if not expected.exists() or expected.read_text(encoding="utf-8") != text:
            expected.write_text(text, encoding="utf-8")
            print(f"wrote {expected.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
