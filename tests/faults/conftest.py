"""What the tests of faults share: a small project, what is right of it, and caches to ruin."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.nursery import Nursery
from faults.trial import STORES, Trial, lay_out, leave_in_the_middle, run, seen_later


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that no test changes."""
    return lay_out(tmp_path_factory.mktemp("faults") / "sources")


@pytest.fixture(scope="session")
def scratch(sources: Path) -> Trial:
    """What a run over it without a cache leaves."""
    return run(sources, None)


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    """The store's name in the settings: what a test promises holds for each."""
    return str(request.param)


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> dict[str, Path]:
    """By store, the cache that a run over the project left."""
    filled = {kind: tmp_path_factory.mktemp("filled") / kind for kind in STORES}
    for kind, directory in filled.items():
        run(sources, directory, l3=kind, clock=seen_later)
    return filled


@pytest.fixture(scope="session")
def interrupted(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> dict[str, Path]:
    """By store, the cache as a run that was killed before its end left it: all in the journal."""
    left = {kind: tmp_path_factory.mktemp("interrupted") / kind for kind in STORES}
    for kind, directory in left.items():
        leave_in_the_middle(sources, tmp_path_factory.mktemp("open") / kind, kind, directory)
    return left


@pytest.fixture
def cache(caches: dict[str, Path], kind: str, tmp_path: Path) -> Path:
    """A filled cache of the test's own."""
    return shutil.copytree(caches[kind], tmp_path / "cache")


@pytest.fixture
def killed_cache(interrupted: dict[str, Path], kind: str, tmp_path: Path) -> Path:
    """A cache of the test's own that a killed run left."""
    return shutil.copytree(interrupted[kind], tmp_path / "cache")


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is such a file system: its disk is waited for by nobody."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=place) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Plays scenes in children."""
    process = Nursery()
    yield process
    process.close()


def database_in(directory: Path) -> Path:
    """The database of the cache in a directory, of either kind."""
    (found,) = (*directory.glob("*.sqlite3"), *directory.glob("*.diskcache/cache.db"))
    return found


@pytest.fixture
def attempt(sources: Path, scratch: Trial, kind: str) -> Callable[[Path], Trial]:
    """Runs on a cache, whatever was done to it, and then once more, as the law is for both."""

    def run_twice(directory: Path) -> Trial:
        faulty = run(sources, directory, l3=kind)
        assert faulty.outcome == scratch.outcome
        after = run(sources, directory, l3=kind)
        assert after.outcome == scratch.outcome
        assert after.is_healthy, (faulty.warnings, after)
        return faulty

    return run_twice
