import importlib
from pathlib import Path

import pytest

from chunkflow.pool.protocol import Prepare

HERE = Path(__file__).parent


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Make `sample_work` importable by name, here and in workers."""
    monkeypatch.syspath_prepend(str(HERE))
    found: Prepare = importlib.import_module("sample_work").prepare
    return found
