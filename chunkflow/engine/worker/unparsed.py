"""Counts what of a file could not be parsed, so that no function drops out without a word."""

from chunkflow.engine.worker.sections import Section


class Unparsed:
    """The chunks of kind `error` of one file."""

    def __init__(self) -> None:
        self._count = 0
        self._first_line = 0

    def take(self, section: Section) -> None:
        """Count those of the next section."""
        lines = [chunk.start_line for chunk in section.chunks if chunk.kind == "error"]
        if lines and not self._count:
            self._first_line = section.start_line - 1 + lines[0]
        self._count += len(lines)

    def notes(self) -> list[str]:
        """What is to be said of the file; nothing where all of it could be parsed."""
        if not self._count:
            return []
        parts = "1 part" if self._count == 1 else f"{self._count:,} parts"
        place = f"from line {self._first_line} on"
        return [f"{parts} cannot be parsed, {place}; functions in it are not seen"]
