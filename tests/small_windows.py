"""Work of workers for which a file is large that would not be for others."""

from chunkflow.engine.worker import sections, work
from chunkflow.pool.protocol import Work


def prepare(config: bytes) -> Work:
    """As `work.prepare`, in windows of 1000 bytes."""
    sections._WINDOW_BYTES = 1000
    return work.prepare(config)
