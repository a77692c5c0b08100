"""What the tests of the cache share: stores that are closed, hand-moved clocks, other processes."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from chunkflow.cache.database import open_store
from chunkflow.cache.store import AdminStore

DAY_S = 86_400


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s

    def move_days(self, days: float) -> None:
        self.now_s += days * DAY_S


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def warnings() -> list[str]:
    """Every warning that a store or the tiers gave."""
    return []


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(params=["sqlite", "diskcache"])
def kind(request: pytest.FixtureRequest) -> str:
    """The store's name in the settings: what a test promises holds for each."""
    return str(request.param)


@pytest.fixture
def table(kind: str) -> str:
    """The database's table of records."""
    return {"sqlite": "records", "diskcache": "Cache"}[kind]


MakeStore = Callable[..., AdminStore]


@pytest.fixture
def make_store(
    directory: Path, warnings: list[str], clock: HandClock, kind: str
) -> Iterator[MakeStore]:
    """Opens stores in `directory`, and closes them in the end."""
    stores = []

    def make(where: Path | str | None = None, *, limit_bytes: int = 64 << 20) -> AdminStore:
        store = open_store(
            where or directory, l3=kind, limit_bytes=limit_bytes, warn=warnings.append, clock=clock
        )
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def count_records() -> Callable[[AdminStore], int]:
    """Counts the records of a store; 0 if it cannot be read."""

    def count(store: AdminStore) -> int:
        census = store.take_census()
        return 0 if census is None else sum(census.records.values())

    return count


@pytest.fixture
def find_database(kind: str) -> Callable[[Path], Path]:
    """Finds the database of the store in a directory."""

    def find(directory: Path) -> Path:
        (found,) = directory.glob({"sqlite": "*.sqlite3", "diskcache": "*.diskcache/*.db"}[kind])
        return found

    return find


@pytest.fixture
def database(directory: Path, make_store: MakeStore, find_database: Callable[[Path], Path]) -> Path:
    """The file of a store that holds a hundred records, closed."""
    store = make_store()
    store.put_many((b"key %d" % n, bytes(2000)) for n in range(100))
    store.close()
    return find_database(directory)


@pytest.fixture
def generation(database: Path, kind: str) -> Path:
    """What is named after the generation of `database`: the file, or the directory it is in."""
    return database if kind == "sqlite" else database.parent


@pytest.fixture
def size_bytes() -> Callable[[Path], int]:
    """Sums the sizes of the files in a directory; one may vanish meanwhile."""

    def size(directory: Path) -> int:
        total = 0 if directory.is_dir() else directory.stat().st_size
        for path in directory.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue
        return total

    return size


@pytest.fixture
def query() -> Callable[..., list[tuple[object, ...]]]:
    """Runs statements on a database as another program would."""

    def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts Python programs that can import chunkflow; none is left in the end."""
    started = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def run(program: str, *arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Forbids to write in directories, until the test ends."""
    forbidden = []

    def forbid(directory: Path) -> None:
        directory.chmod(0o500)
        forbidden.append(directory)

    yield forbid
    for directory in forbidden:
        directory.chmod(0o700)


@pytest.fixture
def foreign_directory(tmp_path: Path) -> Path:
    """A directory of another user."""
    if os.geteuid() != 0:
        return Path("/")
    directory = tmp_path / "foreign"
    directory.mkdir()
    os.chown(directory, 65534, -1)
    return directory


@contextmanager
def file_size_limit(limit_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """Limits what a file may grow to: a disk that is full, for this process."""
    return file_size_limit
