"""`chunkflow chunks`, as scripts use it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]

SOURCE = "let a = 1\nfunction f() {\n  one()\n\n  two()\n}\n"


def test_chunks_of_several_files_come_in_order(cli: Cli, save: Save) -> None:
    save("b.ts", SOURCE)
    save("a.ts", SOURCE)
    done = cli("chunks", "b.ts", "a.ts")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "b.ts:1-1 variable a (9 bytes)",
        "b.ts:2-6 function f (33 bytes)",
        "a.ts:1-1 variable a (9 bytes)",
        "a.ts:2-6 function f (33 bytes)",
    ]


def test_json_and_jsonl_tell_the_same(cli: Cli, save: Save) -> None:
    save("a.ts", SOURCE)
    array = json.loads(cli("chunks", "a.ts", "a.ts", "--format", "json").out)
    lines = cli("chunks", "a.ts", "a.ts", "--format", "jsonl").out.splitlines()
    assert array == [json.loads(line) for line in lines]
    assert [record["name"] for record in array] == ["a", "f", "a", "f"]


def test_empty_file_has_no_chunks(cli: Cli, save: Save) -> None:
    save("a.ts", "")
    assert cli("chunks", "a.ts") == (0, "", "")
    assert cli("chunks", "a.ts", "--format", "json") == (0, "[]\n", "")


def test_larger_declarations_are_cut_on_demand(cli: Cli, save: Save) -> None:
    save("a.ts", SOURCE)
    assert len(cli("chunks", "a.ts", "--max-bytes", "12").out.splitlines()) > 2


def test_suites_of_the_settings_count(cli: Cli, save: Save) -> None:
    save("a.ts", "group('g', () => {\n  one()\n  two()\n})\n")
    save("chunkflow.toml", 'suites = ["group"]\n')
    assert len(cli("chunks", "a.ts").out.splitlines()) == 3


def test_broken_files_are_told_and_the_others_shown(cli: Cli, save: Save) -> None:
    save("a.ts", "let a\n")
    save("b.ts", b"\xff")
    save("c.txt", "")
    done = cli("chunks", "gone.ts", "b.ts", "c.txt", "a.ts")
    assert done.status == 2
    assert done.out == "a.ts:1-1 variable a (5 bytes)\n"
    gone, not_utf8, unknown = done.err.splitlines()
    assert gone == "chunkflow: cannot read gone.ts: no such file"
    assert not_utf8.startswith("chunkflow: cannot read b.ts: line 1 is not UTF-8")
    assert unknown.startswith("chunkflow: cannot read c.txt: unknown language")


def test_broken_settings_are_told(cli: Cli, save: Save) -> None:
    save("a.ts", "let a\n")
    save("chunkflow.toml", "suites = 3\n")
    done = cli("chunks", "a.ts")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("chunkflow: chunkflow.toml:1: ")
