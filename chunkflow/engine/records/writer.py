"""Writes a file record as the file is gone through, section by section."""

from collections.abc import Sequence

from chunkflow.engine.records.files import packed, rows_json
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

_MARK = "\ufeff".encode()


class Columns:
    """Columns of places in a text, in code points from 1; quick where they are asked in order."""

    def __init__(self, source: bytes, *, start_line: int, start_column: int) -> None:
        """Say where in its file the source begins."""
        self._source = source
        # A byte order mark at the start of a file takes no column.
        is_marked = start_line == start_column == 1 and source.startswith(_MARK)
        self._first = start_column - is_marked
        self._byte, self._column = 0, self._first

    def at(self, byte: int) -> int:
        """The column of a byte."""
        if byte < self._byte:
            self._byte, self._column = 0, self._first
        line_start = self._source.rfind(b"\n", self._byte, byte) + 1
        before = self._source[line_start or self._byte : byte].decode("utf-8", "replace")
        self._column = len(before) + (1 if line_start else self._column)
        self._byte = byte
        return max(self._column, 1)


class RecordWriter:
    """Takes the chunks of a file with their outcomes, and gives the record of all."""

    def __init__(self) -> None:
        self.chunks = 0
        """How many were taken."""
        self._findings = 0
        self.is_complete = True
        """Whether there was an outcome for each that may be kept."""
        self._keys: list[bytes] = []
        # Each section's rows as JSON: of a large file they take much less than as objects.
        self._findings_json: list[bytes] = []
        self._values_json: list[bytes] = []

    def add(
        self,
        chunks: Sequence[Chunk],
        outcomes: Sequence[Outcome],
        keys: Sequence[bytes],
        columns: Columns,
        *,
        start_line: int = 1,
    ) -> None:
        """Take the chunks of the next section.

        Args:
            chunks: positions count from the start of the section.
            outcomes: one a chunk.
            keys: the local key of each chunk.
            columns: of the section.
            start_line: of the section.

        Raises:
            ValueError: a value is not a plain one; `TypeError` and `RecursionError` likewise.
        """
        findings, values, has_failed = [], [], False
        lines = start_line - 1
        for index, (found, value, error, is_certain) in enumerate(outcomes):
            if found:
                chunk = chunks[index]
                place = (chunk.start_line + lines, columns.at(chunk.start_byte))
                findings.append((self.chunks + index, chunk.digest.hex(), *place, found))
                self._findings += len(found)
            if value is not None:
                chunk = chunks[index]
                what = (self.chunks + index, chunk.digest.hex(), chunk.kind, chunk.name)
                values.append((*what, chunk.start_line + lines, chunk.end_line + lines, value))
            if error is not None or not is_certain:
                has_failed = True
        if has_failed:
            self.is_complete = False
            # No chunk has a key of zeros: what failed is not found again, so it is run next time.
            keys = [
                key if outcome.error is None and outcome.is_certain else bytes(len(key))
                for key, outcome in zip(keys, outcomes, strict=True)
            ]
        self._keys.append(b"".join(keys))
        if findings:
            self._findings_json.append(rows_json(findings))
        if values:
            self._values_json.append(rows_json(values))
        self.chunks += len(chunks)

    def finish(self, size_bytes: int, *, certain: bool = True, note: str = "") -> bytes:
        """The record.

        Args:
            size_bytes: of the file.
            certain: whether the same bytes give the same chunks always. Else the record is not
                complete: each chunk's result may be reused, but the file is cut anew.
            note: what is to be said of the file.
        """
        return packed(
            complete=certain and self.is_complete,
            chunks=self.chunks,
            findings=self._findings,
            size_bytes=size_bytes,
            local_keys=b"".join(self._keys),
            findings_json=b"[" + b",".join(self._findings_json) + b"]",
            values_json=b"[" + b",".join(self._values_json) + b"]",
            note=note,
        )
