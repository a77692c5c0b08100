"""Processors are found by the names that users write."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from chunkflow.errors import SettingsError, UnknownProcessor
from chunkflow.processors.table import BUILT_IN, load

WriteModule = Callable[[str, str], str]


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_processor_is_called_what_the_table_says(name: str) -> None:
    assert load(name, {}, root=".").name == name


def test_settings_reach_the_processor() -> None:
    with pytest.raises(SettingsError, match=r"processors\.metrics\.max_sloc"):
        load("metrics", {"max_sloc": "many"}, root=".")


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownProcessor, match="metrics"):
        load("metrix", {}, root=".")


def test_name_far_from_all_is_answered_with_what_there_is() -> None:
    with pytest.raises(UnknownProcessor, match="metrics"):
        load("zzzzzz", {}, root=".")


def test_function_is_found_from_the_root(write_module: WriteModule) -> None:
    root = write_module("found_rules", "def rule(chunk):\n    return chunk.kind\n")
    assert load("found_rules:rule", {}, root=root).name == "found_rules:rule"


def test_fingerprint_of_metrics_needs_no_syntax_tree() -> None:
    code = (
        "import sys; from chunkflow.processors.table import load;"
        "load('metrics', {}, root='.').fingerprint();"
        "sys.exit(any(name.startswith('tree_sitter') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
