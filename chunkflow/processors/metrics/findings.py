"""Figures over their limits, as findings."""

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding
from chunkflow.processors.metrics.figures import Function
from chunkflow.processors.metrics.limits import Limits
from chunkflow.processors.metrics.lines import column

_KINDS = {"static_block": "static block", "field": "initialiser of field"}


def findings_of(function: Function, limits: Limits, chunk: Chunk, source: bytes) -> list[Finding]:
    """One finding a figure that is over its limit, at the function's head as ESLint has it."""
    cyclomatic, cognitive, nesting, parameters, sloc = limits
    found = function.found
    if (
        function.cyclomatic <= cyclomatic
        and function.cognitive <= cognitive
        and function.nesting <= nesting
        and found.parameters <= parameters
        and function.sloc <= sloc
    ):
        return []
    return [
        _finding(rule, f"{_title(function)} {text}; the limit is {limit}", function, chunk, source)
        for rule, text, figure, limit in (
            (
                "cyclomatic-complexity",
                f"has a cyclomatic complexity of {function.cyclomatic}",
                function.cyclomatic,
                cyclomatic,
            ),
            (
                "cognitive-complexity",
                f"has a cognitive complexity of {function.cognitive}",
                function.cognitive,
                cognitive,
            ),
            (
                "max-nesting",
                f"nests control statements {function.nesting} deep",
                function.nesting,
                nesting,
            ),
            ("max-parameters", f"has {found.parameters} parameters", found.parameters, parameters),
            ("max-sloc", f"has {function.sloc} lines of code", function.sloc, sloc),
        )
        if figure > limit
    ]


def _title(function: Function) -> str:
    kind = _KINDS.get(function.found.kind, function.found.kind)
    return f'{kind} "{function.name}"' if function.name else f"{kind} without a name"


def _finding(rule: str, message: str, function: Function, chunk: Chunk, source: bytes) -> Finding:
    start, end = function.head
    base = chunk.start_byte
    first_line = source.count(b"\n", base, start) + 1
    return Finding(
        message,
        rule,
        "warning",
        first_line,
        column(source, base, start),
        first_line + source.count(b"\n", start, end),
        column(source, base, end),
    )
