"""Processors are found by the names that users write."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from chunkflow.errors import SettingsError, UnknownProcessor
from chunkflow.processors.table import BUILT_IN, is_built_in, limit_of, load

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


RULES = """
from chunkflow import processor

@processor(max_chunk_bytes=70)
def own(chunk): pass

def free(chunk): pass
"""


@pytest.mark.parametrize(
    ("name", "default", "limit"),
    [
        ("limited_rules:own", None, 70),
        ("limited_rules:own", 500, 70),
        ("limited_rules:free", 500, 500),
        ("limited_rules:free", None, None),
        ("metrics", 500, None),
    ],
)
def test_limit_is_a_processor_s_own_or_that_of_the_run_for_users(
    write_module: WriteModule, name: str, default: int | None, limit: int | None
) -> None:
    root = write_module("limited_rules", RULES)
    assert limit_of(load(name, {}, root=root), default) == limit


@pytest.mark.parametrize(("name", "is_ours"), [("metrics", True), ("rules:metrics", False)])
def test_functions_of_users_are_told_from_built_ins(name: str, is_ours: bool) -> None:
    assert is_built_in(name) == is_ours


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_processor_is_cheap(name: str) -> None:
    assert not load(name, {}, root=".").expensive
