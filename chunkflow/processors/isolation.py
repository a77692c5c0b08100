"""Isolates a chunk from its file, as the functions of users see it."""

from collections.abc import Sequence

from chunkflow.model.chunk import Chunk


def isolate(chunk: Chunk, context: Sequence[str]) -> Chunk:
    """Make positions count from the chunk's own start, and undeclared context None.

    The declaration of a container ends with the chunk, as the rest of it belongs to other chunks.
    """
    start, size = chunk.start_byte, len(chunk.source)
    return chunk._replace(
        path=chunk.path if "path" in context else None,
        scope=chunk.scope if "scope" in context else None,
        container=chunk.container if "container" in context else None,
        imports=chunk.imports if "imports" in context else None,
        start_byte=0,
        end_byte=size,
        decl_start_byte=max(0, chunk.decl_start_byte - start),
        decl_end_byte=min(size, chunk.decl_end_byte - start),
        start_line=1,
        end_line=chunk.end_line - chunk.start_line + 1,
    )
