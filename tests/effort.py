"""How much a test tries: little where many are run, all of it in the step that takes minutes."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import settings

THOROUGH_EXAMPLES = 150


def count_examples(thorough: int) -> int:
    """So many examples with the profile `thorough`, fewer with another in the same proportion."""
    profile = settings.get_current_profile_name()
    share = settings.get_profile(profile).max_examples / THOROUGH_EXAMPLES
    return max(1, round(thorough * share))


def mark_others_slow(cases: Mapping[str, Any], quick: Collection[str]) -> list[Any]:
    """The cases as parameters with their names as ids; all but the quick ones are slow.

    A case that is a tuple stands for several parameters.
    """
    assert cases.keys() >= set(quick)
    return [
        pytest.param(
            *(case if type(case) is tuple else (case,)),
            id=name,
            marks=() if name in quick else pytest.mark.slow,
        )
        for name, case in cases.items()
    ]
