"""What a user's function may return, and how a wrong result is named."""

import enum
from typing import Any

import pytest

from chunkflow.errors import ProcessorError
from chunkflow.model.finding import Finding, Outcome
from chunkflow.processors.outcomes import outcome_of

FINDING = Finding("too long")


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize("returned", [None, []])
def test_nothing_is_nothing(returned: object) -> None:
    assert outcome_of(returned) == Outcome()


@pytest.mark.parametrize("returned", [FINDING, [FINDING], (FINDING,)])
def test_one_finding_may_stand_alone_or_in_a_list(returned: object) -> None:
    assert outcome_of(returned) == Outcome(findings=(FINDING,))


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (True, True),
        (0, 0),
        (1.5, 1.5),
        ("", ""),
        (b"a", b"a"),
        ([1, "a", None], [1, "a", None]),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}),
        ((), []),
        ((1, (2,)), [1, [2]]),
        (Colour.RED, 1),
    ],
)
def test_plain_value_is_kept_as_a_cache_would_give_it_back(returned: object, value: object) -> None:
    outcome = outcome_of(returned)
    assert outcome == Outcome(value=value)  # type: ignore[arg-type]
    assert type(outcome.value) is type(value)


def test_value_is_a_copy() -> None:
    inner = [1]
    outcome = outcome_of({"a": inner})
    inner.append(2)
    assert outcome.value == {"a": [1]}


def looped() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (object(), "what it returned is a object; return findings, or None, bool, int"),
        ({1, 2}, "what it returned is a set"),
        ({"a": [1, {2}]}, r"result\['a'\]\[1\] is a set"),
        ({1: 2}, "what it returned is a dict with the key 1; keys must be texts"),
        (float("nan"), "what it returned is nan, which JSON cannot hold"),
        ([float("inf")], r"result\[0\] is inf"),
        ([FINDING, "a"], r"result\[1\] is a str among findings"),
        (looped(), "nested more than 100 deep"),
        (Finding("a", severity="fatal"), 'result.severity is "fatal", not one of info, warning'),
        ([Finding("a", start_line=0)], r"result\[0\].start_line is 0, not a whole number"),
        (Finding("a", end_column=True), "result.end_column is True"),
        (Finding(1), "result.message is a int, not a text"),  # type: ignore[arg-type]
    ],
)
def test_wrong_result_is_named_with_its_place(returned: object, message: str) -> None:
    with pytest.raises(ProcessorError, match=message):
        outcome_of(returned)
