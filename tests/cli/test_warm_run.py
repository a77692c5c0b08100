"""What a run that finds all results in the cache may import; anything more costs every user.

A module that does not belong there is to be imported where it is used. One that does is added here,
with its cost (`python -X importtime`) in mind: the whole run takes a tenth of a second.
"""

import os
import subprocess
import sys

import pytest

OURS = """
errors private
cache cache.connection cache.database cache.directory cache.eviction cache.keys cache.locks
cache.memory cache.record cache.sqlite cache.tiers cache.versioned_files
cli cli.commands cli.main cli.optimize_files cli.output cli.process cli.progress cli.quick
cli.signals cli.status
engine engine.discover engine.discover.git engine.discover.names engine.discover.search
engine.file_reports engine.files engine.fingerprint_history engine.lookup engine.manifest
engine.options engine.reading engine.records engine.records.files engine.reuse engine.run
engine.write_buffer
flow flow.cache flow.callbacks flow.chunkflow flow.pools flow.processor_set
model model.chunk model.finding model.framing model.report
performance performance.usage
processors processors.fingerprint processors.metrics processors.metrics.limits
processors.table
report report.escape report.text
settings settings.checks settings.fields settings.file settings.layers settings.merge
syntax syntax.sizes syntax.suffixes syntax.versions
""".split()
"""Modules of the package."""

STANDARD = set(
    """
    array base64 binascii bisect collections contextlib copyreg datetime enum errno functools
    heapq importlib itertools json keyword math operator random re reprlib resource signal
    sqlite3 struct threading types typing warnings zlib
    """.split()
)
"""Modules of the standard library; those with an underscore in front come with others."""

LIST_IMPORTS = """
import sys
before = set(sys.modules)
from chunkflow.cli.main import main
status = main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(status)
"""

SOURCE = "export function first(a: number) {\n  return a ? 1 : 2\n}\n"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a warm run of three files in a git repository imports, from the interpreter's start."""
    project = tmp_path_factory.mktemp("project")
    subprocess.run(("git", "init", "-q", project), check=True)
    for number in range(3):
        (project / f"{number}.ts").write_text(SOURCE)
    # Where coverage is measured in programs too, it imports modules of its own.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    command = (sys.executable, "-c", LIST_IMPORTS, "optimize-files")
    # What was written just before the first run is read again by the second, which then trusts it.
    for _ in range(3):
        done = subprocess.run(
            command, cwd=project, env=environ, capture_output=True, text=True, check=True
        )
    assert done.stdout.startswith("3 files, 3 chunks: 0 rerun, 3 reused")
    return set(done.stderr.split())


def test_warm_run_imports_no_other_module_of_ours(imported: set[str]) -> None:
    allowed = {"chunkflow", *(f"chunkflow.{name}" for name in OURS)}
    ours = {name for name in imported if name.split(".")[0] == "chunkflow"}
    assert ours <= allowed, sorted(ours - allowed)


def test_warm_run_imports_no_other_package(imported: set[str]) -> None:
    packages = {name.split(".")[0] for name in imported} - {"chunkflow"}
    assert packages <= sys.stdlib_module_names, sorted(packages - sys.stdlib_module_names)


def test_warm_run_imports_no_other_module_of_the_standard_library(imported: set[str]) -> None:
    packages = {name.split(".")[0] for name in imported} & sys.stdlib_module_names
    public = {name for name in packages if not name.startswith("_")}
    assert public <= STANDARD, sorted(public - STANDARD)
