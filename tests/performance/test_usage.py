import subprocess
import sys

from chunkflow.performance.usage import measure_cpu_s, measure_peak_memory_bytes


def test_work_of_this_process_counts() -> None:
    before_s = measure_cpu_s()
    while measure_cpu_s() == before_s:
        sum(range(100_000))
    assert measure_cpu_s() > before_s


def test_work_of_ended_children_counts() -> None:
    before_s = measure_cpu_s()
    code = "import os\nwhile sum(os.times()[:2]) < 0.2: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert measure_cpu_s() - before_s >= 0.2


def test_memory_of_ended_children_counts() -> None:
    size_bytes = measure_peak_memory_bytes() + (32 << 20)
    subprocess.run([sys.executable, "-c", f"b'x' * {size_bytes}"], check=True)
    assert size_bytes <= measure_peak_memory_bytes() < 10 * size_bytes
