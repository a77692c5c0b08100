"""Keeps the whole suite away from the user's own cache, settings and git configuration."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from effort import THOROUGH_EXAMPLES
from hypothesis import settings

IS_CI = bool(os.environ.get("CI"))

# The second is for the step of scripts/check.py that may take minutes.
settings.register_profile("quick", deadline=None, derandomize=IS_CI, max_examples=25)
settings.register_profile(
    "thorough", deadline=None, derandomize=IS_CI, max_examples=THOROUGH_EXAMPLES
)
settings.load_profile("quick")

REAL_HOME = Path.home()
CORPUS = os.environ.get("CHUNKFLOW_CORPUS_DIR") or str(REAL_HOME / ".cache/chunkflow/corpus")

SET = {
    # Packages are downloaded once, whoever runs the tests, by the user's own npm.
    "CHUNKFLOW_CORPUS_DIR": CORPUS,
    "NPM_CONFIG_USERCONFIG": str(REAL_HOME / ".npmrc"),
    "NPM_CONFIG_CACHE": str(REAL_HOME / ".npm"),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}
"""What every test finds in its environment, and hands on to the programs that it starts."""

UNSET = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


FAULTS = Path(__file__).parent / "faults"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of faults; count no lines while whole packages are gone through.

    Counting takes twice as long, and others reach the same lines.
    """
    for item in items:
        if FAULTS in item.path.parents:
            item.add_marker(pytest.mark.faults)
        if item.get_closest_marker("packages") is not None:
            item.add_marker(pytest.mark.no_cover)


Reported = TypeVar("Reported", pytest.TestReport, pytest.CollectReport)


def _refuse_to_skip(report: Reported) -> Reported:
    """Make a skip a failure in CI, where all is there that a test may need."""
    if IS_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at what became of a test."""
    return _refuse_to_skip((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at what became of a file of tests."""
    return _refuse_to_skip((yield))


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """Let SIGINT interrupt, also where a shell runs the tests in the background and ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            # When the tests run in a git hook, GIT_DIR and the like name the hook's repository.
            if name.startswith(("CHUNKFLOW_", "GIT_")) or name in UNSET:
                patch.delenv(name)
        for name, value in SET.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(home / "caches"))
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


Save = Callable[[str, str | bytes], Path]


@pytest.fixture
def save(project: Path) -> Save:
    """Writes a file of the project, and the directories above it."""

    def write(name: str, content: str | bytes) -> Path:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


Git = Callable[..., None]


@pytest.fixture
def git(project: Path) -> Git:
    """Runs git in the project, which is a repository from then on."""

    def run(*arguments: str) -> None:
        subprocess.run(("git", *arguments), cwd=project, check=True, capture_output=True)

    run("init", "-q", "-b", "main")
    return run


@pytest.fixture
def rules(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Writes the module `rules` of the project, in which processors may be found."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text: str) -> Path:
        path = project / "rules.py"
        path.write_text(text)
        sys.modules.pop("rules", None)
        return path

    yield write
    sys.modules.pop("rules", None)


CAP_DAC_OVERRIDE = 1 << 1
CAP_DAC_READ_SEARCH = 1 << 2


def set_effective_capabilities(low: int) -> None:
    """Call capset(2), version 3, on this thread; `low` are the bits of capabilities 0 to 31."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0, os.strerror(ctypes.get_errno())
    data[0] = data[1] & low
    assert libc.capset(header, data) == 0, os.strerror(ctypes.get_errno())


@pytest.fixture
def permissions_count() -> Iterator[None]:
    """Make root subject to the permissions of files, as any other user is."""
    if os.geteuid() != 0:
        yield
        return
    set_effective_capabilities(~(CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH) & 0xFFFFFFFF)
    yield
    set_effective_capabilities(0xFFFFFFFF)
