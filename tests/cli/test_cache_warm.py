"""`chunkflow cache warm`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chunkflow.cli.signals import StopRequest

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]
Rules = Callable[[str], Path]

FINDS = """\
from chunkflow import Finding


def find(chunk):
    return Finding("bad", severity="error")
"""


def test_a_later_run_finds_everything(cli: Cli, save: Save) -> None:
    save("a.ts", "let a = 1\n")
    save("b.ts", "let b = 1\n")
    done = cli("cache", "warm", "a.ts")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("1 file, 1 chunk: 1 rerun, 0 reused")
    assert cli("cache", "warm").out.startswith("2 files, 2 chunks: 1 rerun, 1 reused")
    assert cli("optimize-files").out.startswith("2 files, 2 chunks: 0 rerun, 2 reused")


def test_findings_neither_show_nor_count(cli: Cli, save: Save, rules: Rules) -> None:
    save("a.ts", "let a = 1\n")
    rules(FINDS)
    done = cli("cache", "warm", "--processor", "rules:find", "--jobs", "1")
    assert done.status == 0
    assert len(done.out.splitlines()) == 1
    assert cli("optimize-files", "--processor", "rules:find").status == 1


def test_programs_read_the_totals(cli: Cli, save: Save) -> None:
    save("a.ts", "let a = 1\n")
    told = json.loads(cli("cache", "warm", "--format", "json").out)
    assert sorted(told) == ["errors", "metrics", "totals", "version"]
    assert (told["totals"]["reran"], told["errors"]) == (1, [])


def test_what_cannot_be_processed_is_told(cli: Cli, save: Save, rules: Rules) -> None:
    save("a.ts", "let a = 1\n")
    rules("def fail(chunk): raise LookupError('no')\n")
    done = cli("cache", "warm", "--processor", "rules:fail")
    assert done.status == 2
    assert done.out.startswith("failed: cannot process a.ts: lines 1-1:")
    told = json.loads(cli("cache", "warm", "--processor", "rules:fail", "--format", "json").out)
    assert "LookupError: no" in told["errors"][0]


def test_interrupted_it_says_so(cli: Cli, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    save("a.ts", "let a = 1\n")
    monkeypatch.setattr(StopRequest, "is_made", lambda _: True)
    done = cli("cache", "warm")
    assert (done.status, done.out) == (130, "")
