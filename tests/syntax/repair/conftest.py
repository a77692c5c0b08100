"""Parses for the tests of the repair."""

from collections.abc import Callable

import pytest
from tree_sitter import Node

from chunkflow.syntax.languages import make_parser


@pytest.fixture
def parse() -> Callable[[bytes], Node]:
    typescript = make_parser("typescript")
    return lambda text: typescript.parse(text).root_node
