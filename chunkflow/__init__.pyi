from chunkflow.errors import ChunkflowError as ChunkflowError
from chunkflow.flow.chunkflow import ChunkFlow as ChunkFlow
from chunkflow.model.chunk import Chunk as Chunk
from chunkflow.model.finding import Finding as Finding
from chunkflow.model.report import Report as Report
from chunkflow.processors.python import processor as processor
from chunkflow.syntax.chunker import chunk_source as chunk_source

__version__: str
