"""Callbacks: whatever they do, the run is done, and what it says is right."""

import functools
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reports import lasting

from chunkflow import ChunkFlow, Report
from chunkflow.report.json import render_json

Save = Callable[[str, str], Path]

FILES = {f"{number}.ts": f"let a{number} = 1\nlet b{number}\n" for number in range(5)}
WAIT_S = 20.0


@pytest.fixture(autouse=True)
def _files(save: Save) -> None:
    for name, text in FILES.items():
        save(name, text)


def as_json(report: Report) -> str:
    return lasting("\n".join(render_json(report)))


def right() -> str:
    with ChunkFlow(cache=False) as flow:
        return as_json(flow.optimize_files())


def bounded(action: Callable[[], Any]) -> Any:
    """What an action returns, in a thread that is waited for no longer than is reasonable."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(action()), daemon=True)
    thread.start()
    thread.join(WAIT_S)
    assert found, "it never came back"
    return found[0]


def ruin_the_cache() -> None:
    """Leave a cache that warns when it is opened."""
    with ChunkFlow() as flow:
        flow.optimize_files()
    for path in Path(".chunkflow_cache").glob("*.sqlite3"):
        path.write_bytes(b"junk" * 1000)


METHODS: dict[str, Callable[[ChunkFlow], object]] = {
    "optimize_files": lambda flow: flow.optimize_files(),
    "explain": lambda flow: flow.explain(["0.ts"]),
    "cache_stats": lambda flow: flow.cache_stats(),
    "collect_garbage": lambda flow: flow.collect_garbage(),
    "clear_caches": lambda flow: flow.clear_caches("all"),
    "close": lambda flow: flow.close(),
    "raise": lambda _flow: 1 / 0,
}


def act(method: Callable[[ChunkFlow], object], flow: ChunkFlow) -> bool:
    method(flow)
    return True


@pytest.mark.parametrize("apart", [False, True], ids=["here", "in another thread"])
@pytest.mark.parametrize("name", ["on_warning", "progress", "should_stop"])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_callback_may_use_the_object_that_calls_it(
    method: Callable[[ChunkFlow], object], name: str, apart: bool
) -> None:
    ruin_the_cache()
    calls: list[object] = []

    def call(*_: object) -> bool:
        if len(calls) < 3:
            calls.append(None)
            use = functools.partial(act, method, flow)
            bounded(use) if apart and method is not METHODS["raise"] else use()
        return False

    given: dict[str, Any] = {"on_warning": None, "progress": None, "should_stop": None}
    given[name] = call
    flow = ChunkFlow(on_warning=given.pop("on_warning"))
    given = {key: value for key, value in given.items() if value is not None}
    report = bounded(lambda: flow.optimize_files(**given))
    flow.close()
    assert calls
    assert as_json(report) == right()


@pytest.mark.parametrize("name", ["on_warning", "progress", "should_stop"])
def test_what_a_callback_raises_is_told_once(name: str) -> None:
    ruin_the_cache()

    def fail(*_: object) -> Any:
        raise LookupError("mine")

    told: list[str] = []
    if name == "on_warning":
        with ChunkFlow(on_warning=fail) as flow:
            report = flow.optimize_files()
    else:
        with ChunkFlow(on_warning=told.append) as flow:
            given: dict[str, Any] = {name: fail}
            report = flow.optimize_files(**given)
            assert [*report.warnings] == told
    assert as_json(report) == right()
    message = f"{name} raised LookupError: mine; the run went on"
    assert [*report.warnings].count(message) == 1
    assert len(report.warnings) == 2


@pytest.mark.parametrize("name", ["on_warning", "progress", "should_stop"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_is_let_through(name: str, kind: type[BaseException]) -> None:
    ruin_the_cache()

    def stop(*_: object) -> Any:
        raise kind

    given: dict[str, Any] = {} if name == "on_warning" else {name: stop}
    with (
        ChunkFlow(on_warning=stop if name == "on_warning" else None) as flow,
        pytest.raises(kind),
    ):
        flow.optimize_files(**given)
    with ChunkFlow() as flow:
        assert as_json(flow.optimize_files()) == right()


def test_warnings_of_many_threads_are_each_told_once() -> None:
    ruin_the_cache()
    told: list[str] = []
    flow = ChunkFlow(on_warning=told.append)
    threads = [threading.Thread(target=flow.optimize_files) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    flow.close()
    assert len(told) == 1
    assert "was damaged" in told[0]


def in_child(action: Callable[[], bool]) -> bool:
    """Whether an action says yes in a forked child, before its time is over."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if bounded(action) else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_child_that_was_forked_while_threads_ran_has_an_object_of_use() -> None:
    expected = right()
    flow = ChunkFlow()
    is_over = threading.Event()

    def keep_busy() -> None:
        while not is_over.is_set():
            flow.optimize_files()
            flow.clear_caches("l1")

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            assert in_child(lambda: as_json(flow.optimize_files()) == expected)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert as_json(flow.optimize_files()) == expected
    flow.close()
    shutil.rmtree(".chunkflow_cache")
