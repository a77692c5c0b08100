"""`ChunkFlow`, the object that a program uses."""
