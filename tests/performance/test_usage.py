import subprocess
import sys

from chunkflow.performance.usage import cpu_seconds, peak_memory_bytes


def test_work_of_this_process_counts() -> None:
    before_s = cpu_seconds()
    while cpu_seconds() == before_s:
        sum(range(100_000))
    assert cpu_seconds() > before_s


def test_work_of_ended_children_counts() -> None:
    before_s = cpu_seconds()
    code = "import os\nwhile sum(os.times()[:2]) < 0.2: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert cpu_seconds() - before_s >= 0.2


def test_memory_of_ended_children_counts() -> None:
    size_bytes = peak_memory_bytes() + (32 << 20)
    subprocess.run([sys.executable, "-c", f"b'x' * {size_bytes}"], check=True)
    assert size_bytes <= peak_memory_bytes() < 10 * size_bytes
