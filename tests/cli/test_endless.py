"""No text makes a command endless, and none fills the memory."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest


class Done(Protocol):
    """What a command left."""

    status: int
    out: str
    err: str


Save = Callable[[str, str], Path]
HANG_TSX = "<x {{y:>z:w(u v)$"
HANG_TS = "{...[n<c''+};|`s c"
FUNCTION = "export function f() {\n  return 1;\n}\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_text_that_is_parsed_for_ever_is_told_of(
    save: Save, cli: Callable[..., Done], jobs: str
) -> None:
    save("a.tsx", HANG_TSX)
    save("b.ts", f"{FUNCTION}{HANG_TS}\n")
    # Too much to be done in-line.
    save("c.ts", FUNCTION * 20_000)
    done = cli("optimize-files", "a.tsx", "b.ts", "c.ts", "--jobs", jobs, "--no-cache")
    assert done.status == 0
    assert "a.tsx: parsing took too long" in done.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_time_limit_costs_the_file_alone(save: Save, cli: Callable[..., Done], jobs: str) -> None:
    save("a.ts", FUNCTION)
    save("b.ts", FUNCTION * 40_000)
    done = cli("optimize-files", "a.ts", "b.ts", "--jobs", jobs, "--no-cache", "--timeout", "0.05")
    assert done.status == 2
    assert "cannot process b.ts: it took longer than 0.05 s" in done.out + done.err
    assert "cannot process a.ts" not in done.out + done.err


def test_chunks_are_told_that_they_are_cut_by_the_scan(
    save: Save, cli: Callable[..., Done]
) -> None:
    save("a.tsx", HANG_TSX)
    done = cli("chunks", "a.tsx")
    assert done.status == 0
    assert "a.tsx: parsing took too long" in done.err


@pytest.mark.parametrize("command", [("chunks",), ("optimize-files", "--jobs", "1", "--no-cache")])
def test_signal_ends_a_parse_in_line(
    save: Save, program: Callable[..., "subprocess.Popen[str]"], command: tuple[str, ...]
) -> None:
    # Each such line takes the parser a while.
    save("a.ts", f"{HANG_TS}\n" * 20_000)
    with program(*command, "a.ts") as running:
        time.sleep(1)
        started_s = time.monotonic()
        running.send_signal(signal.SIGTERM)
        running.wait(20)
        assert time.monotonic() - started_s < 10
    assert running.returncode in (143, -signal.SIGTERM)


TEXTS = {
    "string": b'export const s = "' + b"x" * 6_000_000 + b'";\n',
    "array": b"export const a = [" + b"123, " * 4_000_000 + b"];\n",
    "calls": b"foo(1234);" * 1_000_000,
    "braces": b"{" * 10_000_000,
}


def pss_kib(pid: int) -> int:
    """What a process and those under it hold."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return own + sum(pss_kib(int(child)) for child in below)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="needs /proc")
@pytest.mark.parametrize("threshold", [1000, 5_000_000, 100_000_000])
@pytest.mark.parametrize("command", [("optimize-files", "--no-cache"), ("chunks",)])
@pytest.mark.parametrize("name", TEXTS)
def test_processes_hold_less_than_400_mb(
    project: Path,
    program: Callable[..., "subprocess.Popen[str]"],
    name: str,
    command: tuple[str, ...],
    threshold: int,
) -> None:
    (project / "a.ts").write_bytes(TEXTS[name])
    (project / "chunkflow.toml").write_text(f"streaming_threshold_bytes = {threshold}\n")
    peak_kib = 0
    with program(*command, "a.ts") as running:
        running.stdout.close()  # type: ignore[union-attr]
        while running.poll() is None:
            peak_kib = max(peak_kib, pss_kib(running.pid))
            time.sleep(0.05)
    assert 0 < peak_kib < 400 * 1024
