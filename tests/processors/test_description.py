"""What a process tells of a user's function arrives as it was told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.errors import UnknownProcessor, UsageError
from chunkflow.processors.description import (
    Description,
    decode_answer,
    decode_request,
    encode_error,
    encode_request,
)

# Any string that Python can hold: paths and messages may have lone surrogates.
TEXT = st.text(st.characters())
TEXTS = st.lists(TEXT).map(tuple)
DESCRIPTIONS = st.builds(
    Description,
    TEXT,
    TEXT,
    st.none() | st.integers(1),
    TEXTS,
    st.booleans(),
    st.booleans(),
    st.dictionaries(TEXT, TEXT),
    TEXTS,
)


@given(DESCRIPTIONS)
def test_description_survives(description: Description) -> None:
    assert Description.decode(description.encode()) == description
    assert decode_answer(description.encode()) == description


@given(TEXT, TEXT)
def test_request_survives(name: str, root: str) -> None:
    assert decode_request(encode_request(name, root)) == (name, root)


@pytest.mark.parametrize("error", [UnknownProcessor, UsageError])
@given(message=TEXT)
def test_error_is_raised_with_its_message(error: type[UsageError], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        decode_answer(encode_error(error(message)))
    assert (type(caught.value), str(caught.value)) == (error, message)


@given(DESCRIPTIONS, st.dictionaries(TEXT, TEXT), TEXTS)
def test_what_is_declared_does_not_hold_the_code(
    description: Description, code: dict[str, str], packages: tuple[str, ...]
) -> None:
    other = description._replace(code=code, packages=packages)
    assert other.declared == description.declared
    assert description._replace(version=description.version + "1").declared != other.declared


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"7",
        b"null",
        b"[]",
        b"{}",
        b"[1, 2]",
        b'["a", "1", null, 7, true, false, {}, []]',
        b"!",
        b"!7",
        b'!["UsageError"]',
        b'!["ValueError", "m"]',
    ],
)
def test_bytes_that_are_no_answer_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        decode_answer(data)
