"""The built-in processor `metrics`: the size and complexity of every function."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.fingerprint import digest_facts, digest_source
from chunkflow.processors.metrics.limits import read_limits

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Metrics"]


class Metrics:
    """Measures each function of a chunk on its own.

    Functions are declarations, expressions, arrow functions, methods, constructors, getters,
    setters, static blocks and class field initialisers: what ESLint calls a code path.

    A chunk's value is a list in source order, one dict a function: `name`, `kind`, `start_line`,
    `end_line` (from 1 at the chunk's start, the last line included), `cyclomatic`, `cognitive`,
    `nesting`, `parameters`, `sloc`. A chunk without functions has no value, nor has one of kind
    `error`: its syntax tree depends on what stands around it. A function that holds chunks of its
    own, a test suite's callback, is not measured.

    - `cyclomatic` is what ESLint 10's rule `complexity` (variant `classic`) says.
    - `cognitive` follows G. Ann Campbell, "Cognitive Complexity" (SonarSource, version 1.7), with
      the reading of JavaScript that eslint-plugin-sonarjs has: what is nested in a function counts
      to it as well, one level deeper, unless the function has no branch of its own and so merely
      declares; recursion does not count. `??`, `?.` and logical assignments are shorthand and
      free, as the paper says.
    - `nesting` is what ESLint's rule `max-depth` counts: `if`, loops, `switch` and `try` inside
      each other; an `else if` is no level.
    - `parameters` leaves out TypeScript's `this`.
    - `sloc` counts lines that hold code: neither blank nor comment alone.

    Raises:
        SettingsError: a setting is unknown or not a number; see `read_limits`.
    """

    name = "metrics"
    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    expensive = False
    alone = False
    unknown_code: Mapping[str, str] = {}
    is_spoiled = False

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._limits = read_limits(settings)

    def parts(self) -> dict[str, str]:
        """Digests of the limits, and of this package's source."""
        return {
            "settings": digest_facts(self._limits._asdict()),
            "source": digest_source(os.path.dirname(__file__)),
        }

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence["Node"]
    ) -> Iterator[Outcome]:
        """Measure chunks; the syntax trees are searched once, where functions may be."""
        # Imported here: a run that finds everything in the cache measures nothing.
        from chunkflow.processors.metrics.measurement import measure_chunks  # noqa: PLC0415

        return iter(measure_chunks(chunks, source, roots, self._limits))
