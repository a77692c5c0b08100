"""Measures chunks by their syntax trees, and reports figures over their limits."""

from collections.abc import Sequence

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome, Plain
from chunkflow.processors.metrics.figures import Figures, Meter
from chunkflow.processors.metrics.findings import build_findings
from chunkflow.processors.metrics.functions import get_field_ids
from chunkflow.processors.metrics.limits import Limits
from chunkflow.processors.metrics.ranges import find_busy_chunks, merge_ranges
from chunkflow.processors.metrics.search import get_query, search
from chunkflow.syntax.languages import load_grammar

_NOTHING = Outcome()


def get_ready() -> None:
    """Compile the query for the most common language, once for all workers."""
    get_query(load_grammar("typescript"))


def measure_chunks(
    chunks: Sequence[Chunk], source: bytes, roots: Sequence[Node], limits: Limits
) -> list[Outcome]:
    """Measure chunks; returns an outcome for each. The arguments are those of a processor."""
    outcomes = [_NOTHING] * len(chunks)
    busy = find_busy_chunks(chunks)
    if busy:
        language = load_grammar(chunks[0].language)
        ranges = merge_ranges([chunks[place] for place in busy], source)
        marks = search(roots, ranges, language, source)
        meter = Meter(marks, source, get_field_ids(language))
        for place in busy:
            functions = meter.measure(chunks[place])
            if functions:
                outcomes[place] = _build_outcome(meter, chunks[place], functions, limits)
    return outcomes


def _build_outcome(meter: Meter, chunk: Chunk, functions: list[Figures], limits: Limits) -> Outcome:
    value: list[Plain] = []
    findings: list[Finding] = []
    for function in functions:
        value.append(
            {
                "name": function.name,
                "kind": function.kind,
                "start_line": function.start_line,
                "end_line": function.end_line,
                "cyclomatic": function.cyclomatic,
                "cognitive": function.cognitive,
                "nesting": function.nesting,
                "parameters": function.parameters,
                "sloc": function.sloc,
            }
        )
        if (
            function.cyclomatic > limits.max_cyclomatic
            or function.cognitive > limits.max_cognitive
            or function.nesting > limits.max_nesting
            or function.parameters > limits.max_parameters
            or function.sloc > limits.max_sloc
        ):
            findings += build_findings(function, limits, chunk, meter)
    return Outcome(tuple(findings), value)
