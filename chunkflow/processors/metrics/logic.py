"""Sequences of `&&` and `||`, as cognitive complexity counts them."""

import re
from collections.abc import Iterable
from typing import TypeAlias

Expression: TypeAlias = list[tuple[int, bool]]
"""Start of each operator, and whether it is `||`."""

_Operation: TypeAlias = tuple[int, int, int, Expression]
"""Start and end of `a && b`, start of its operator, and the expression that it is part of."""

_OPERATOR_BYTES = 2
# What may stand between an operand and the operation it is: parentheses, and nothing of weight.
_OPENING = re.compile(rb"(?:[\s(]|//[^\n]*\n|/\*.*?\*/)*+", re.DOTALL)
_CLOSING = re.compile(rb"(?:[\s)]|//[^\n]*\n|/\*.*?\*/)*+", re.DOTALL)


def find_run_starts(
    operations: list[tuple[int, int]], operators: Expression, source: bytes
) -> Iterable[int]:
    """Where each run of one operator starts, in no order.

    An operation that is an operand of another, parentheses or not, goes on with its expression:
    `a && b && c` is one run, `a && b || c` two, `a && !(b && c)` two.

    `operations` are start and *minus* end of all operations of two operands, `operators` the
    logical ones among their operators.
    """
    operators.sort()
    expressions: list[Expression] = []
    around: list[_Operation] = []
    for start, end, operator in sorted(_pair_operators(operations, operators)):
        while around and around[-1][1] <= start:
            around.pop()
        if around and _is_operand(start, -end, around[-1], source):
            expression = around[-1][3]
        else:
            expression = []
            expressions.append(expression)
        expression.append(operator)
        around.append((start, -end, operator[0], expression))
    return (place for expression in expressions for place in _split_runs(expression))


def _pair_operators(
    operations: list[tuple[int, int]], operators: Expression
) -> Iterable[tuple[int, int, tuple[int, bool]]]:
    """Each logical operator with the start and minus the end of the innermost operation around."""
    operations.sort()
    opened: list[tuple[int, int]] = []
    place = 0
    for operator in operators:
        start = operator[0]
        while place < len(operations) and operations[place][0] < start:
            operation = operations[place]
            while opened and -opened[-1][1] <= operation[0]:
                opened.pop()
            opened.append(operation)
            place += 1
        while opened and -opened[-1][1] <= start:
            opened.pop()
        if opened:
            yield *opened[-1], operator


def _is_operand(start: int, end: int, outer: _Operation, source: bytes) -> bool:
    outer_start, outer_end, operator_start, _ = outer
    if end <= operator_start:
        before, after = outer_start, operator_start
    else:
        before, after = operator_start + _OPERATOR_BYTES, outer_end
    return (
        _OPENING.fullmatch(source, before, start) is not None
        and _CLOSING.fullmatch(source, end, after) is not None
    )


def _split_runs(expression: Expression) -> Iterable[int]:
    expression.sort()
    last = None
    for start, is_or in expression:
        if is_or != last:
            yield start
        last = is_or
