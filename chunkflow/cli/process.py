"""Whether this process belongs to the command line."""

is_owned = False
"""Whether this process was started for chunkflow alone; see `owns_process` of `ChunkFlow`."""
