"""What `chunkflow` offers; at run time each name is loaded when it is first asked for."""

from chunkflow.errors import ChunkflowError
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Result
from chunkflow.model.report import Report
from chunkflow.processors.declaration import processor
from chunkflow.syntax.chunker import chunk_source

__all__ = [
    "Chunk",
    "ChunkFlow",
    "ChunkflowError",
    "Finding",
    "Report",
    "Result",
    "__version__",
    "chunk_source",
    "processor",
]

__version__: str
