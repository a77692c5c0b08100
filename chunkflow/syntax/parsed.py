"""The result of chunking a text."""

from typing import NamedTuple

from tree_sitter import Node

from chunkflow.model.chunk import Chunk


class ParsedFile(NamedTuple):
    """The chunks of a text and the syntax trees that they come from."""

    chunks: list[Chunk]
    roots: list[Node]
    """In the order of the text; offsets count from its start."""
    note: str | None = None
    """A warning about the file for the user; the chunks are valid in spite of it."""
