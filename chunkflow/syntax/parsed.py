"""The result of chunking a text."""

from typing import NamedTuple

from tree_sitter import Node

from chunkflow.model.chunk import Chunk


class ParsedFile(NamedTuple):
    """A file's chunks, and the syntax trees that they were found in."""

    chunks: list[Chunk]
    roots: list[Node]
    """In the order of the file, offsets counting from its start."""
    note: str | None = None
    """What is to be said of the file, though it has its chunks."""
