"""Asks other processes what users' functions are, so that no code of users runs in this one."""

from collections.abc import Iterator, Sequence

from chunkflow.errors import PoolError, UsageError
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Task
from chunkflow.processors.description import Description, decode_answer, encode_request

_PREPARE = "chunkflow.processors.describe:prepare"


def describe_functions(
    names: Sequence[str], *, root: str, limit_s: float | None, fork: bool
) -> dict[str, Description]:
    """Import each function in a process of its own, and tell what it declares and is made of.

    Args:
        names: of the functions, as `module:attr`.
        root: the project's root.
        limit_s: how long an import may take; None is no limit.
        fork: as for `ProcessPool`.

    Raises:
        UnknownProcessor: there is no such function.
        UsageError: one cannot be loaded, or its import does not end, or ends the process.
    """
    requests = [
        Task(number, encode_request(name, root), 0, limit_s) for number, name in enumerate(names)
    ]
    with ProcessPool(_PREPARE, b"", jobs=len(names), fork=fork) as pool:
        found = {names[answer.id]: answer for answer in _answers(pool, requests)}
    return {name: _description(name, found[name]) for name in names}


def _answers(pool: ProcessPool, requests: Sequence[Task]) -> Iterator[Answer]:
    try:
        yield from pool.map(requests)
    except PoolError as exc:
        raise UsageError(f"cannot load the processors: {exc}") from exc


def _description(name: str, answer: Answer) -> Description:
    module = name.partition(":")[0]
    failure = f'cannot load processor "{name}": importing {module} failed'
    if answer.error is not None:
        raise UsageError(f"{failure}: {answer.error}") from answer.error
    try:
        return decode_answer(answer.payload)
    except (
        ValueError,
        TypeError,
        LookupError,
    ) as exc:  # its module has done something to what is sent
        raise UsageError(f"{failure}: its process gave no answer that can be read") from exc
