"""What a user's function may return, and how a wrong result is named."""

import enum
import json
import re
from base64 import b64decode
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.records.chunks import pack_chunk, unpack_chunk
from chunkflow.errors import ProcessorError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome, Plain, Result
from chunkflow.processors import outcomes
from chunkflow.processors.isolation import isolate
from chunkflow.syntax.chunker import chunk_source

FINDING = Finding("too long")
OTHER = Finding("too short")

# Three lines of 14, 4 and 1 characters; the chunk before it moves it away from the file's start.
SOURCE = "let before\nfunction f() {\n  ü😀\n}\n"
CHUNK = list(chunk_source(SOURCE.encode(), "typescript"))[1]


def build_outcome(returned: object, chunk: Chunk = CHUNK) -> Outcome:
    return outcomes.build_outcome(returned, chunk)


def refusal_of(returned: object) -> str:
    with pytest.raises(ProcessorError) as caught:
        build_outcome(returned)
    return str(caught.value)


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize("returned", [None, []])
def test_nothing_is_nothing(returned: object) -> None:
    assert build_outcome(returned) == Outcome()


@pytest.mark.parametrize("returned", [FINDING, [FINDING], (FINDING,)])
def test_one_finding_may_stand_alone_or_in_a_list(returned: object) -> None:
    assert build_outcome(returned) == Outcome(findings=(FINDING,))


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
        (type("Text", (str,), {"__str__": lambda _: "other"})("a"), "a"),
        (type("Whole", (int,), {"__int__": lambda _: 9})(1), 1),
        (type("Bytes", (bytes,), {"__bytes__": lambda _: b"x"})(b"a"), b"a"),
        ("a\0b", "a\0b"),
        ("\ufeff😀", "\ufeff😀"),
        (10**4299, 10**4299),
        ([1, [FINDING.message]], [1, ["too long"]]),
        ([[], 1], [[], 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_value_is_kept_as_a_cache_would_give_it_back(returned: object, value: object) -> None:
    outcome = build_outcome(returned)
    assert outcome == Outcome(value=value)  # type: ignore[arg-type]
    assert type(outcome.value) is type(value)


def test_value_is_a_copy() -> None:
    inner = [1]
    outcome = build_outcome({"a": inner})
    inner.append(2)
    assert outcome.value == {"a": [1]}


def looped() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("returned", "findings", "value"),
    [
        (Result(FINDING, 1), [FINDING], 1),
        (Result([FINDING, OTHER], {"a": (1,)}), [FINDING, OTHER], {"a": [1]}),
        (Result((FINDING,)), [FINDING], None),
        (Result(), [], None),
        (Result([], []), [], []),
        (Result(value=b"a"), [], b"a"),
        ((FINDING, 1), [FINDING], 1),
        ((FINDING, {"a": 1}), [FINDING], {"a": 1}),
        (([FINDING], {"a": 1}), [FINDING], {"a": 1}),
        (((FINDING, OTHER), "both"), [FINDING, OTHER], "both"),
        (([FINDING], None), [FINDING], None),
        (([FINDING], []), [FINDING], []),
        (([], {"a": 1}), [], {"a": 1}),
        (((), 0), [], 0),
        (([], None), [], None),
        ((FINDING, OTHER), [FINDING, OTHER], None),
        ([FINDING, OTHER], [FINDING, OTHER], None),
    ],
)
def test_findings_and_a_value_may_come_together(
    returned: object, findings: list[Finding], value: Plain
) -> None:
    assert build_outcome(returned) == Outcome(tuple(findings), value)


@pytest.mark.parametrize(
    ("returned", "place"),
    [
        ({"a": FINDING}, "result['a'] is a Finding"),
        ({"a": [1, (FINDING,)]}, "result['a'][1][0] is a Finding"),
        ([1, [FINDING]], "result[1][0] is a Finding"),
        ([[FINDING], {"a": 1}], "result[0][0] is a Finding"),
        (([FINDING], {"a": OTHER}), "result[1]['a'] is a Finding"),
        (([FINDING], [OTHER]), "result[1][0] is a Finding"),
        (([], FINDING), "result[1] is a Finding"),
        (([FINDING], 1, 2), "result[0][0] is a Finding"),
        (Result([], FINDING), "result.value is a Finding"),
        (Result([], Result()), "result.value is a Result"),  # type: ignore[arg-type]
        ([Result()], "result[0] is a Result"),
        ((Result(), 1), "result[0] is a Result"),
        ({"a": Outcome()}, "result['a'] is a Outcome"),
    ],
)
def test_finding_inside_a_value_is_refused_with_its_place(returned: object, place: str) -> None:
    message = refusal_of(returned)
    assert place in message
    assert message.endswith("inside a value; return Result(findings, value) to give both")


LINES = ("function f() {", "  ü😀", "}")


def is_inside(finding: Finding) -> bool:
    """The law for places, said once more: columns in code points, ends not before starts."""
    last = finding.end_line or finding.start_line
    ends = [(finding.start_line, finding.start_column)]
    if finding.end_column is not None:
        ends.append((last, finding.end_column))
    inside = all(line <= len(LINES) and column <= len(LINES[line - 1]) + 1 for line, column in ends)
    return inside and last <= len(LINES) and last >= finding.start_line and ends == sorted(ends)


PLACES = st.one_of(st.integers(1, 6), st.integers(13, 17))


@given(PLACES, PLACES, st.none() | PLACES, st.none() | PLACES)
def test_finding_is_kept_where_its_place_is_in_the_chunk(
    start_line: int, start_column: int, end_line: int | None, end_column: int | None
) -> None:
    finding = Finding("odd", "", "error", start_line, start_column, end_line, end_column)
    if is_inside(finding):
        assert build_outcome(finding).findings == (finding,)
        assert build_outcome(finding, isolate(CHUNK, ())).findings == (finding,)
    else:
        assert refusal_of(finding).startswith("gave a wrong result: result.")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (Finding("a", start_line=4), "result.start_line is 4, but the chunk has 3 lines"),
        ([OTHER, Finding("a", end_line=9)], "result[1].end_line is 9, but the chunk has 3 lines"),
        (
            ([Finding("a", start_line=2, start_column=6)], 1),
            "result[0][0].start_column is 6, but line 2 of the chunk has 4 characters",
        ),
        (
            Result([Finding("a", start_line=3, end_column=3)]),
            "result.findings[0].end_column is 3, but line 3 of the chunk has 1 character",
        ),
        (
            Finding("a", start_line=2, end_line=1),
            "result.end_line is 1, before start_line, which is 2",
        ),
        (
            Finding("a", start_column=5, end_column=4),
            "result.end_column is 4, before start_column, 5",
        ),
        (Finding("a", start_line=10**5000), "result.start_line is a int, but the chunk has"),
        (Finding("a", start_line=-(10**5000)), "result.start_line is a int, not a whole"),
        (Finding(""), "result.message is empty; say what was found"),
        ([Finding(" \n")], "result[0].message is empty"),
        (Finding("a\ud800"), "result.message is 'a\\ud800', which holds a lone surrogate"),
        (Finding("a", rule="\udfff"), "result.rule is '\\udfff', which holds a lone"),
        (Finding("a", severity="\udfff"), "result.severity is '\\udfff', which holds"),
        ("\udc80", "what it returned is '\\udc80', which holds a lone surrogate"),
        ({"a": ["\ud800\udc00"]}, "result['a'][0] is '\\ud800\\udc00', which holds a lone"),
        ({"\udc80": 1}, "result['\\udc80'] is '\\udc80', which holds a lone surrogate"),
        (10**4300, "what it returned is a whole number that is too long to be printed"),
        ({"a": -(10**5000)}, "result['a'] is a whole number that is too long"),
        ({10**5000: 1}, "what it returned is a dict with the key a int; keys must be strings"),
        (Result("abc"), "result.findings is a str, not a list of findings"),  # type: ignore[arg-type]
        (Result([1]), "result.findings[0] is a int among findings"),  # type: ignore[list-item]
        (Mock(spec=dict), "what it returned cannot be read: it raised TypeError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_result_that_says_what_cannot_be_is_refused(returned: object, message: str) -> None:
    assert message in refusal_of(returned)


def test_finding_that_was_kept_is_of_plain_texts_and_numbers() -> None:
    text = type("Text", (str,), {})
    finding = Finding(text("a"), text("b"), text("info"), Colour.RED, Colour.RED, Colour.RED)
    (kept,) = build_outcome(finding).findings
    assert [type(field) for field in kept] == [str, str, str, int, int, int, type(None)]


DOLLARS = st.integers(0, 4).map(lambda count: "$" * count + "base64")
TEXTS = DOLLARS | st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


def decoded(shown: Any) -> Any:
    """What a value in a report stands for, by what the documentation says."""
    if isinstance(shown, list):
        return [decoded(item) for item in shown]
    if not isinstance(shown, dict):
        return shown
    if shown.keys() == {"$base64"}:
        return b64decode(shown["$base64"])
    return {re.sub(r"^\$(?=\$+base64$)", "", k): decoded(v) for k, v in shown.items()}


@given(VALUES)
def test_every_value_is_shown_so_that_it_can_be_told(value: object) -> None:
    chunk = isolate(CHUNK, ())
    record = pack_chunk(chunk, build_outcome(Result([], value), chunk))  # type: ignore[arg-type]
    shown = unpack_chunk(record)
    assert shown is not None
    assert decoded(shown.value) == value
    # What was read is written again as it is: from then on nothing changes.
    assert pack_chunk(chunk, shown) == record
    json.dumps(shown.value).encode()


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("$base64", "$$base64"),
        ("$$base64", "$$$base64"),
        ("base64", "base64"),
        ("$base64 ", "$base64 "),
        ("$base64\n", "$base64\n"),
        ("a$base64", "a$base64"),
        ("$BASE64", "$BASE64"),
    ],
)
def test_key_that_would_stand_for_bytes_gets_one_more_dollar(key: str, shown: str) -> None:
    assert build_outcome([{key: "YQ=="}]).value == [{shown: "YQ=="}]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (object(), "what it returned is a object; return findings, or None, bool, int"),
        ({1, 2}, "what it returned is a set"),
        ({"a": [1, {2}]}, r"result\['a'\]\[1\] is a set"),
        ({1: 2}, "what it returned is a dict with the key 1; keys must be strings"),
        (float("nan"), "what it returned is nan, which JSON cannot hold"),
        ([float("inf")], r"result\[0\] is inf"),
        ([FINDING, "a"], r"result\[1\] is a str among findings"),
        (looped(), "nested more than 100 deep"),
        (Finding("a", severity="fatal"), 'result.severity is "fatal", not one of info, warning'),
        ([Finding("a", start_line=0)], r"result\[0\].start_line is 0, not a whole number"),
        (Finding("a", end_column=True), "result.end_column is True"),
        (Finding(1), "result.message is a int, not a string"),  # type: ignore[arg-type]
    ],
)
def test_wrong_result_is_named_with_its_place(returned: object, message: str) -> None:
    with pytest.raises(ProcessorError, match=message):
        build_outcome(returned)
