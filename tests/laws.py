"""The laws that the chunks of any file keep."""

import re

from chunkflow import Chunk

GAP = re.compile(r"[\s\ufeff)\]};]*")


def assert_partition(source: bytes, chunks: list[Chunk]) -> None:
    """Chunks are in order, apart, trimmed, and only brackets and white space lie between."""
    place = 0
    for chunk in chunks:
        assert place <= chunk.start_byte < chunk.end_byte
        assert source[chunk.start_byte : chunk.end_byte] == chunk.source
        assert chunk.source == chunk.source.strip()
        assert_gap(source[place : chunk.start_byte])
        place = chunk.end_byte
    assert_gap(source[place:])


def assert_gap(gap: bytes) -> None:
    assert GAP.fullmatch(gap.decode("utf-8", "replace")), gap
