"""Processors are found by the names that users write."""

import subprocess
import sys

import pytest

from chunkflow.errors import SettingsError, UnknownProcessor
from chunkflow.processors.table import BUILT_IN, is_built_in, is_function, load_built_in


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_processor_is_called_what_the_table_says(name: str) -> None:
    assert load_built_in(name, {}).name == name


def test_settings_reach_the_processor() -> None:
    with pytest.raises(SettingsError, match=r"processors\.metrics\.max_sloc"):
        load_built_in("metrics", {"max_sloc": "many"})


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownProcessor, match="metrics"):
        load_built_in("metrix", {})


def test_name_far_from_all_is_answered_with_what_there_is() -> None:
    with pytest.raises(UnknownProcessor, match="metrics"):
        load_built_in("zzzzzz", {})


def test_parts_of_metrics_needs_no_syntax_tree() -> None:
    code = (
        "import sys; from chunkflow.processors.table import load_built_in;"
        "load_built_in('metrics', {}).parts();"
        "sys.exit(any(name.startswith('tree_sitter') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("name", "is_ours"), [("metrics", True), ("rules:metrics", False)])
def test_functions_of_users_are_told_from_built_ins(name: str, is_ours: bool) -> None:
    assert is_built_in(name) == is_ours
    assert is_function(name) != is_ours


def test_name_without_a_colon_is_no_function() -> None:
    assert not is_function("metrix")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_processor_is_cheap(name: str) -> None:
    assert not load_built_in(name, {}).expensive
