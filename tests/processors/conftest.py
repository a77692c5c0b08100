"""What the tests of processors share: chunks of source text, and processors run on them."""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome
from chunkflow.processors.metrics import Metrics
from chunkflow.syntax.chunker import Chunker

Outcomes = Callable[..., list[tuple[Chunk, Outcome]]]
Figures = dict[str, Any]
Measure = Callable[..., list[Figures]]
Find = Callable[[str, Mapping[str, object]], list[Finding]]
WriteModule = Callable[[str, str], str]


def _outcomes(
    source: str | bytes,
    *,
    language: str = "typescript",
    settings: Mapping[str, object] | None = None,
) -> list[tuple[Chunk, Outcome]]:
    text = source if isinstance(source, bytes) else source.encode()
    parsed = Chunker(language).parse(text)
    outcomes = Metrics(settings or {}).process(parsed.chunks, text, parsed.roots)
    return list(zip(parsed.chunks, outcomes, strict=True))


@pytest.fixture
def outcomes() -> Outcomes:
    """Chunks of a text, each with what `metrics` says of it."""
    return _outcomes


@pytest.fixture
def measure() -> Measure:
    """Figures of all functions of a text."""

    def run(source: str | bytes, *, language: str = "typescript") -> list[Figures]:
        values = (outcome.value for _, outcome in _outcomes(source, language=language))
        return [
            figures
            for value in values
            if isinstance(value, list)
            for figures in value
            if isinstance(figures, dict)
        ]

    return run


@pytest.fixture
def find() -> Find:
    """Findings on a text under given settings."""

    def run(source: str, settings: Mapping[str, object]) -> list[Finding]:
        found = _outcomes(source, settings=settings)
        return [finding for _, outcome in found for finding in outcome.findings]

    return run


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteModule]:
    """Writes a module of a user's into a project folder; returns the folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names = set()

    def write(name: str, text: str) -> str:
        names.add(name)
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return str(tmp_path)

    yield write
    for name in names:
        sys.modules.pop(name, None)
