"""From chunks and their syntax trees to what `metrics` says of each."""

from collections.abc import Sequence

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome, Plain
from chunkflow.processors.metrics.figures import Figures, Meter
from chunkflow.processors.metrics.findings import findings_of
from chunkflow.processors.metrics.functions import field_ids
from chunkflow.processors.metrics.limits import Limits
from chunkflow.processors.metrics.ranges import busy_chunks, merged
from chunkflow.processors.metrics.search import get_query, search
from chunkflow.syntax.languages import load_grammar

_NOTHING = Outcome()


def get_ready() -> None:
    """Do what takes a while, once for all workers: compile the query for what most files are."""
    get_query(load_grammar("typescript"))


def outcomes_of(
    chunks: Sequence[Chunk], source: bytes, roots: Sequence[Node], limits: Limits
) -> list[Outcome]:
    """One outcome a chunk; `chunks` and `roots` as a processor is given them."""
    outcomes = [_NOTHING] * len(chunks)
    busy = busy_chunks(chunks)
    if busy:
        language = load_grammar(chunks[0].language)
        ranges = merged([chunks[place] for place in busy], source)
        marks = search(roots, ranges, language, source)
        meter = Meter(marks, source, field_ids(language))
        for place in busy:
            functions = meter.functions(chunks[place])
            if functions:
                outcomes[place] = _outcome(meter, chunks[place], functions, limits)
    return outcomes


def _outcome(meter: Meter, chunk: Chunk, functions: list[Figures], limits: Limits) -> Outcome:
    value: list[Plain] = []
    findings: list[Finding] = []
    max_cyclomatic, max_cognitive, max_nesting, max_parameters, max_sloc = limits
    for function in functions:
        name, kind, start_line, end_line, cyclomatic, cognitive, nesting, parameters, sloc, _ = (
            function
        )
        value.append(
            {
                "name": name,
                "kind": kind,
                "start_line": start_line,
                "end_line": end_line,
                "cyclomatic": cyclomatic,
                "cognitive": cognitive,
                "nesting": nesting,
                "parameters": parameters,
                "sloc": sloc,
            }
        )
        if (
            cyclomatic > max_cyclomatic
            or cognitive > max_cognitive
            or nesting > max_nesting
            or parameters > max_parameters
            or sloc > max_sloc
        ):
            findings += findings_of(function, limits, chunk, meter)
    return Outcome(tuple(findings), value)
