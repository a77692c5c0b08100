"""Turns figures over their limits into findings."""

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding
from chunkflow.processors.metrics.figures import Figures, Meter
from chunkflow.processors.metrics.limits import Limits
from chunkflow.processors.metrics.lines import compute_column

_KINDS = {"static_block": "static block", "field": "initialiser of field"}


def build_findings(function: Figures, limits: Limits, chunk: Chunk, meter: Meter) -> list[Finding]:
    """Build a finding for each figure over its limit, at the function's head as in ESLint."""
    cyclomatic, cognitive, nesting, parameters, sloc = limits
    texts = (
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
        (
            "max-parameters",
            f"has {function.parameters} parameters",
            function.parameters,
            parameters,
        ),
        ("max-sloc", f"has {function.sloc} lines of code", function.sloc, sloc),
    )
    head, title = meter.find_head(function), _format_title(function)
    return [
        _build_finding(rule, f"{title} {text}; the limit is {limit}", head, chunk, meter.source)
        for rule, text, figure, limit in texts
        if figure > limit
    ]


def _format_title(function: Figures) -> str:
    kind = _KINDS.get(function.kind, function.kind)
    return f'{kind} "{function.name}"' if function.name else f"{kind} without a name"


def _build_finding(
    rule: str, message: str, head: tuple[int, int], chunk: Chunk, source: bytes
) -> Finding:
    start, end = head
    base = chunk.start_byte
    first_line = source.count(b"\n", base, start) + 1
    return Finding(
        message,
        rule,
        "warning",
        first_line,
        compute_column(source, base, start),
        first_line + source.count(b"\n", start, end),
        compute_column(source, base, end),
    )
