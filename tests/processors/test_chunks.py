import pytest

from chunkflow.errors import SettingsError
from chunkflow.model.finding import Outcome
from chunkflow.processors.chunks import Chunks
from chunkflow.syntax.chunker import Chunker


def test_says_nothing_of_any_chunk() -> None:
    source = b"let a = 1\nlet b = 2\n"
    parsed = Chunker("typescript").parse(source)
    outcomes = Chunks({}).process(parsed.chunks, source, parsed.roots)
    assert list(outcomes) == [Outcome(), Outcome()]


def test_setting_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"processors\.chunks\.limit"):
        Chunks({"limit": 1})


def test_it_is_made_of_no_parts() -> None:
    assert Chunks({}).parts() == {}
