import os
import resource
from collections.abc import Iterator

import pytest

from chunkflow.errors import PoolError, WorkerDied
from chunkflow.pool.memory import MemoryLimit
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Prepare, Task

MIB = 1 << 20
LIMIT_BYTES = 24 * MIB
TOO_MUCH = "it needed more memory than the limit of 24 MiB"


def answers(prepare: Prepare, *payloads: bytes) -> list[Answer]:
    with ProcessPool(prepare, b"", jobs=1, memory_limit_bytes=LIMIT_BYTES) as pool:
        return list(pool.map(Task(number, payload, 1) for number, payload in enumerate(payloads)))


@pytest.fixture
def restored() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


@pytest.mark.parametrize(
    "payload", [b"allocate", b"allocate_small", b"allocate_and_keep", b"allocate_in_a_circle"]
)
def test_work_that_allocates_without_end_fails_alone(prepare: Prepare, payload: bytes) -> None:
    _, bad, *others = answers(prepare, b"pids", payload, b"length abc", payload, b"pids")
    assert (type(bad.error), str(bad.error)) == (PoolError, TOO_MUCH)
    assert [str(answer.error) for answer in others] == ["None", TOO_MUCH, "None"]
    assert others[0].payload == b"3"


def test_what_is_under_the_limit_is_free_to_use(prepare: Prepare) -> None:
    size_bytes = LIMIT_BYTES // 2
    (answer,) = answers(prepare, b"length " + b"x" * (size_bytes // 4))
    assert answer.payload == b"%d" % (size_bytes // 4)


@pytest.mark.parametrize(
    ("payload", "is_replaced"),
    [(b"allocate", False), (b"allocate_in_a_circle", False), (b"allocate_and_keep", True)],
)
def test_a_worker_is_replaced_where_it_cannot_let_go(
    prepare: Prepare, payload: bytes, is_replaced: bool
) -> None:
    before, _, after = answers(prepare, b"pids", payload, b"pids")
    pids = {int(answer.payload.split()[0]) for answer in (before, after)}
    assert len(pids) == 1 + is_replaced


def test_the_limit_holds_again_after_it_was_met(prepare: Prepare) -> None:
    told = answers(prepare, *[b"allocate"] * 4)
    assert [str(answer.error) for answer in told] == [TOO_MUCH] * 4


def test_parts_made_before_the_limit_was_met_stand(prepare: Prepare) -> None:
    told = answers(prepare, b"parts a b then allocate")
    assert [answer.payload for answer in told] == [b"a", b"b", b""]
    assert str(told[-1].error) == TOO_MUCH


def test_a_command_has_the_limit_too(prepare: Prepare) -> None:
    (answer,) = answers(prepare, b"limit_of_command")
    told = int(answer.payload) * 1024
    assert LIMIT_BYTES < told < LIMIT_BYTES + 1000 * MIB


def test_without_a_limit_there_is_none(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (answer,) = pool.map([Task(0, b"limit_of_command", 1)])
    assert answer.payload == b"unlimited"


def test_a_system_that_does_not_tell_what_is_held_has_no_limit(
    monkeypatch: pytest.MonkeyPatch, restored: None
) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)

    def no_such_file(*_: object) -> int:
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", no_such_file)
        limit = MemoryLimit(MIB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert limit.describe_error(MemoryError()) == "it needed more memory than the limit of 1 MiB"
    assert limit.recover()


@pytest.mark.parametrize(
    ("limit_bytes", "shown"), [(512 * MIB, "512 MiB"), (512_000_000, "512 MB"), (1500, "0.0015 MB")]
)
def test_the_limit_is_named_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, limit_bytes: int, shown: str
) -> None:
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    told = MemoryLimit(limit_bytes).describe_error(MemoryError())
    assert told == f"it needed more memory than the limit of {shown}"


def test_another_exception_is_named_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert MemoryLimit(MIB).describe_error(ValueError("x")) == "ValueError: x"


def test_a_limit_is_never_above_the_one_that_the_system_set(
    monkeypatch: pytest.MonkeyPatch, restored: None
) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (-1, 5000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))
    MemoryLimit(LIMIT_BYTES)
    assert set_to == [(5000, 5000)]


def test_a_worker_killed_for_want_of_memory_has_died(prepare: Prepare) -> None:
    (dead,) = answers(prepare, b"abort_without_memory")
    assert isinstance(dead.error, WorkerDied)
    assert str(dead.error) == "its worker process was killed by SIGABRT"
