from pathlib import Path

import pytest
from update_cases import SUFFIX, case_files, described


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_file_is_cut_as_its_case_says(path: Path) -> None:
    assert described(path) == path.with_name(path.name + SUFFIX).read_text(encoding="utf-8")


def test_every_expectation_has_its_input() -> None:
    inputs = {path.name + SUFFIX for path in case_files()}
    assert {path.name for path in case_files()[0].parent.glob("*" + SUFFIX)} == inputs
