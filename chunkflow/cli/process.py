"""Whose process this is."""

is_owned = False
"""Whether the process was started for chunkflow and does nothing else; see `ChunkFlow`."""
