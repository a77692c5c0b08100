"""No function is lost to the text of JSX around it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from jsx_matrix import PLACES, WORDS, Case, case

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.syntax.suffixes import SUFFIXES

Outcomes = Callable[..., list[tuple[Chunk, Outcome]]]


@pytest.mark.parametrize("place", PLACES)
def test_functions_are_measured_whatever_the_text_beside_them(
    outcomes: Outcomes, place: str
) -> None:
    def names(one: Case) -> Counter[str]:
        found: list[tuple[Chunk, Any]] = [
            (chunk, outcome.value)
            for chunk, outcome in outcomes(one.source, language=SUFFIXES[one.suffix])
        ]
        assert all(chunk.kind != "error" for chunk, _ in found), one
        return Counter(figures["name"] for _, value in found for figures in value or ())

    plain = names(case(place, "a"))
    assert plain
    for one in (case(place, text) for text in WORDS):
        assert not one.is_valid or plain <= names(one), one
