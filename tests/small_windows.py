"""Work of workers for which a file is large that would not be for others."""

from chunkflow.engine.worker import worker
from chunkflow.pool.protocol import Work
from chunkflow.syntax import sizes


def prepare(config: bytes) -> Work:
    """As `worker.prepare`, in windows of 1000 bytes, from 2000 bytes on."""
    sizes.WINDOW_BYTES, sizes.WHOLE_BYTES = 1000, 2000
    return worker.prepare(config)
