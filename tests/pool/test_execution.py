import pytest

from chunkflow.errors import PoolError, WorkerSpoiled
from chunkflow.pool.execution import WorkOutput, describe, prepare_work, run_work


class MuteError(Exception):
    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("it is 3"), "ValueError: it is 3"),
        (MemoryError(), "MemoryError"),
        (MuteError(), "MuteError: (its message cannot be shown)"),
        (PoolError("said in full"), "said in full"),
    ],
)
def test_an_exception_is_named_and_quoted(error: Exception, text: str) -> None:
    assert describe(error) == text


def test_a_result_that_is_no_bytes_is_a_failure() -> None:
    (outcome,) = run_work(lambda _: None, b"")  # type: ignore[arg-type,return-value]
    assert outcome == WorkOutput(failure="TypeError: the work returned NoneType, not bytes")


def test_work_that_could_not_be_prepared_fails_when_it_runs() -> None:
    def prepare(config: bytes) -> object:
        raise OSError(config.decode())

    work = prepare_work(prepare, b"gone")  # type: ignore[arg-type]
    (outcome,) = run_work(work, b"")
    assert outcome == WorkOutput(failure="the worker could not be prepared: OSError: gone")


def test_exceptions_that_may_pass_are_raised() -> None:
    def work(payload: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_work(work, b"", passed_on=(KeyboardInterrupt,)))
    assert list(run_work(work, b"")) == [WorkOutput(failure="KeyboardInterrupt")]


def test_work_that_spoiled_its_process_is_told_from_work_that_failed() -> None:
    def work(payload: bytes) -> bytes:
        raise WorkerSpoiled(payload.decode())

    assert list(run_work(work, b"why")) == [WorkOutput(failure="why", is_spoiled=True)]
