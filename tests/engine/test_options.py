"""What processors are, together, decides how their work is handed out."""

import pytest

from chunkflow.engine.options import RunOptions, RunProcessor
from chunkflow.engine.workers import Workers

BUILT_IN = RunProcessor("metrics", b"m" * 16)
CHEAP = RunProcessor("rules:cheap", b"c" * 16, trusted=False)
EXPENSIVE = RunProcessor("rules:dear", b"e" * 16, trusted=False, expensive=True)


def no_workers(*, small: bool) -> Workers:
    raise AssertionError


@pytest.mark.parametrize(
    ("processors", "is_trusted", "is_risky"),
    [
        ((BUILT_IN,), True, False),
        ((EXPENSIVE,), False, False),
        ((CHEAP,), False, True),
        ((BUILT_IN, EXPENSIVE), False, False),
        ((BUILT_IN, EXPENSIVE, CHEAP), False, True),
    ],
)
def test_run_is_as_trusted_and_as_risky_as_its_worst_processor(
    processors: tuple[RunProcessor, ...], is_trusted: bool, is_risky: bool
) -> None:
    options = RunOptions(processors, no_workers)
    assert (options.is_trusted, options.is_risky) == (is_trusted, is_risky)


def test_processor_sees_the_path_where_it_declares_it() -> None:
    assert not BUILT_IN.sees_path
    assert BUILT_IN._replace(context=("scope", "path")).sees_path
