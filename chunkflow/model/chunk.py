"""A chunk: one declaration of a file, with the comments and decorators that belong to it."""

from typing import NamedTuple

KINDS = frozenset(
    (
        "import",
        "export",
        "function",
        "class",
        "method",
        "constructor",
        "accessor",
        "property",
        "index_signature",
        "static_block",
        "interface",
        "type",
        "enum",
        "namespace",
        "variable",
        "expression",
        "statement",
        "comment",
        "error",
    )
)
"""Every value of `Chunk.kind`."""


class Chunk(NamedTuple):
    """One top-level statement or one member of a class.

    Bytes are 0-based and lines 1-based; ends are exclusive. In a chunk of a file,
    positions count from the start of the file. In a chunk for a processor, they count from the
    chunk's own start, and `path` and `scope` are None unless the processor declares them.
    """

    path: str | None
    """The file, as the report names it."""
    language: str
    """`typescript`, `tsx` or `javascript`."""
    kind: str
    """One of `KINDS`."""
    name: str | None
    """What is declared, the module of an import, or the title of a test."""
    scope: tuple[str, ...] | None
    """Names of the containers around it, outermost first."""
    start_byte: int
    end_byte: int
    decl_start_byte: int
    """The declaration alone, as the TypeScript compiler sees it; for a container, all of it."""
    decl_end_byte: int
    start_line: int
    end_line: int
    """The line its last character stands on."""
    digest: bytes
    """16 bytes of blake2b over `source`."""
    source: bytes
    """The chunk's own text as it stands in the file."""
    container: str | None = None
    """The header of the class it is in; only for a processor that declares `container`."""
    imports: str | None = None
    """The file's import statements; only for a processor that declares `imports`."""

    @property
    def text(self) -> str:
        """The chunk's own text; bytes that are not UTF-8 become U+FFFD."""
        return self.source.decode("utf-8", "replace")
