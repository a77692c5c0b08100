"""`chunkflow cache verify`: what the cache gives is what a run without it gives, or it is told."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chunkflow.cache.record import seal, unseal
from chunkflow.cli.signals import StopRequest

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]
Rules = Callable[[str], Path]
Verify = Callable[..., dict[str, Any]]
Rewrite = Callable[[Callable[[dict[bytes, bytes]], None]], None]

SOURCE = "let a = 1\n\nexport function f(b: number) {\n  return b ? 1 : 2\n}\n"
SIZE = "def size(chunk): return len(chunk.text)\n"
# Neither its text, nor its settings, nor the chunk say what it gives.
READS = """\
from pathlib import Path


def read(chunk):
    text = Path(__file__).with_name("facts.txt").read_text()
    return text if chunk.name == "f" else None
"""
FINDS = READS.replace("def read", "def find").replace(
    "return text", "from chunkflow import Finding; return Finding(text)"
)


@pytest.fixture
def verify(cli: Cli) -> Verify:
    def run(*arguments: str, status: int = 0) -> dict[str, Any]:
        done = cli("cache", "verify", "--format", "json", *arguments)
        assert done.status == status, done
        told: dict[str, Any] = json.loads(done.out)
        return told

    return run


@pytest.fixture
def rewrite(project: Path) -> Rewrite:
    """Changes payloads in the store, by key; each is sealed as it must be."""

    def change(edit: Callable[[dict[bytes, bytes]], None]) -> None:
        path = project / ".chunkflow_cache/chunkflow-v2-1.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            rows = dict(database.execute("SELECT key, value FROM records"))
            payloads = {key: unseal(key, value) or b"" for key, value in rows.items()}
            edit(payloads)
            values = [(seal(key, payload), key) for key, payload in payloads.items()]
            database.executemany("UPDATE records SET value = ? WHERE key = ?", values)

    return change


def places(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [tuple(difference.values()) for difference in told["differences"]]


def test_what_is_right_is_verified(cli: Cli, save: Save, rules: Rules, verify: Verify) -> None:
    save("a.ts", SOURCE)
    rules(SIZE)
    names = ("--processor", "metrics", "--processor", "rules:size")
    cli("optimize-files", *names)
    told = verify(*names)
    assert (told["files"], told["checked"], told["chunks"]) == (1, 1, 2)
    assert (told["differences"], told["failed"], told["records"]) == ([], [], 0)


@pytest.mark.parametrize(
    ("name", "text", "what"), [("read", READS, "value"), ("find", FINDS, "findings")]
)
def test_processor_that_is_not_deterministic_is_named(
    cli: Cli, save: Save, rules: Rules, verify: Verify, name: str, text: str, what: str
) -> None:
    save("a.ts", SOURCE)
    facts = save("facts.txt", "one")
    rules(text)
    cli("optimize-files", "--processor", f"rules:{name}")
    facts.write_text("two")
    told = verify("--processor", f"rules:{name}", status=1)
    assert places(told) == [
        ("a.ts", f"rules:{name}", 3, 5, "chunk record"),
        ("a.ts", f"rules:{name}", 3, 5, what),
    ]


def test_people_read_a_line_a_difference(cli: Cli, save: Save, rules: Rules) -> None:
    save("a.ts", SOURCE)
    facts = save("facts.txt", "one")
    rules(READS)
    cli("optimize-files", "--processor", "rules:read")
    facts.write_text("two")
    done = cli("cache", "verify", "--processor", "rules:read")
    assert (done.status, done.err) == (1, "")
    _, value, summary = done.out.splitlines()
    assert value == "a.ts:3-5: rules:read: the value differs"
    assert summary == "1 of 1 files verified, 2 chunks; 2 differences, 0 failed"


def test_record_in_the_place_of_another_is_found(
    cli: Cli, save: Save, verify: Verify, rewrite: Rewrite
) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE.replace("f(", "g("))
    cli("optimize-files")

    def swap(payloads: dict[bytes, bytes]) -> None:
        one, other = (key for key in payloads if key.startswith(b"f"))
        payloads[one], payloads[other] = payloads[other], payloads[one]

    rewrite(swap)
    told = verify("--sample", "100%", status=1)
    assert places(told) == [(n, "metrics", 1, 5, "chunks") for n in ("a.ts", "b.ts")]
    assert (told["records"], told["damaged"]) == (4, 0)


def test_value_that_was_forged_is_found(
    cli: Cli, save: Save, verify: Verify, rewrite: Rewrite
) -> None:
    save("a.ts", SOURCE)
    cli("optimize-files")

    def forge(payloads: dict[bytes, bytes]) -> None:
        (key,) = (key for key in payloads if key.startswith(b"f"))
        assert b'"cyclomatic":2' in payloads[key]
        payloads[key] = payloads[key].replace(b'"cyclomatic":2', b'"cyclomatic":1')

    rewrite(forge)
    assert places(verify(status=1)) == [("a.ts", "metrics", 3, 5, "value")]


def test_chunk_record_in_the_place_of_another_is_found(
    cli: Cli, save: Save, rules: Rules, verify: Verify, rewrite: Rewrite
) -> None:
    save("a.ts", SOURCE)
    rules(SIZE)
    cli("optimize-files", "--processor", "rules:size")

    def swap(payloads: dict[bytes, bytes]) -> None:
        one, other = (key for key in payloads if key.startswith(b"c"))
        payloads[one], payloads[other] = payloads[other], payloads[one]

    rewrite(swap)
    told = verify("--processor", "rules:size", status=1)
    lines = [(1, 1), (3, 5)]
    assert places(told) == [("a.ts", "rules:size", *line, "chunk record") for line in lines]


def test_broken_seal_is_found_when_all_is_verified(
    cli: Cli, save: Save, verify: Verify, project: Path
) -> None:
    save("a.ts", SOURCE)
    cli("optimize-files")
    path = project / ".chunkflow_cache/chunkflow-v2-1.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE records SET value = x'00' WHERE substr(key, 1, 1) = x'78'")
    assert verify()["damaged"] == 0
    told = verify("--sample", "100%", status=1)
    assert (told["records"], told["damaged"], told["differences"]) == (3, 1, [])
    summary = cli("cache", "verify", "--sample", "100%").out
    assert summary.endswith("; 3 records checked, 1 damaged\n")


def test_sample_is_a_share_of_at_least_one_file(cli: Cli, save: Save, verify: Verify) -> None:
    for number in range(30):
        save(f"{number}.ts", f"let a = {number}\n")
    cli("optimize-files")
    counts = {
        share: verify("--sample", share)["checked"] for share in ("1%", "10", "12.5%", "100%")
    }
    assert counts == {"1%": 1, "10": 3, "12.5%": 4, "100%": 30}
    assert verify()["checked"] == 2


@pytest.mark.slow
def test_seed_chooses_the_files(cli: Cli, save: Save, rules: Rules, verify: Verify) -> None:
    for number in range(20):
        save(f"{number}.ts", f"function f() {{ {number} }}\n")
    facts = save("facts.txt", "one")
    rules(READS)
    cli("optimize-files", "--processor", "rules:read")
    facts.write_text("two")

    def chosen(seed: str) -> set[str]:
        told = verify("--processor", "rules:read", "--seed", seed, status=1)
        return {difference["path"] for difference in told["differences"]}

    assert chosen("one") == chosen("one")
    assert len({frozenset(chosen(seed)) for seed in "abcdef"}) > 1


def test_paths_say_which_files_may_be_verified(cli: Cli, save: Save, verify: Verify) -> None:
    save("a.ts", SOURCE)
    save("in/b.ts", SOURCE)
    cli("optimize-files")
    assert verify("in")["files"] == 1
    assert verify()["files"] == 2


def test_what_is_not_in_the_cache_is_not_verified(cli: Cli, save: Save, verify: Verify) -> None:
    save("a.ts", SOURCE)
    told = verify()
    assert (told["files"], told["checked"]) == (0, 0)


def test_file_that_was_touched_is_verified(cli: Cli, save: Save, verify: Verify) -> None:
    file = save("a.ts", SOURCE)
    cli("optimize-files")
    os.utime(file, (1, 1))
    assert verify()["checked"] == 1


def test_file_that_cannot_be_read_is_told(cli: Cli, save: Save) -> None:
    save("a.ts", SOURCE)
    cli("optimize-files")
    done = cli("cache", "verify", "a.ts", "gone.ts")
    assert done.status == 2
    assert done.err == "chunkflow: cannot read gone.ts: no such file\n"
    assert done.out == "1 of 1 files verified, 2 chunks; 0 differences, 1 failed\n"


def test_processor_that_fails_now_is_told(cli: Cli, save: Save, rules: Rules) -> None:
    save("a.ts", SOURCE)
    facts = save("facts.txt", "one")
    rules(READS)
    cli("optimize-files", "--processor", "rules:read")
    facts.unlink()
    done = cli("cache", "verify", "--processor", "rules:read")
    assert done.status == 2
    assert "cannot process a.ts" in done.err
    assert "FileNotFoundError" in done.err


@pytest.mark.parametrize("share", ["0", "-5%", "101%", "many", "", "nan", "5%%"])
def test_share_that_is_none_is_refused(cli: Cli, share: str) -> None:
    done = cli("cache", "verify", f"--sample={share}")
    assert (done.status, done.out) == (2, "")
    assert "--sample must be above 0% and at most 100%" in done.err


def test_interrupted_it_says_so(cli: Cli, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    save("a.ts", SOURCE)
    cli("optimize-files")
    monkeypatch.setattr(StopRequest, "is_made", lambda _: True)
    done = cli("cache", "verify")
    assert (done.status, done.out) == (130, "")


def test_cache_is_left_as_it_is(cli: Cli, save: Save, verify: Verify, project: Path) -> None:
    save("a.ts", SOURCE)
    cli("optimize-files")
    path = project / ".chunkflow_cache/chunkflow-v2-1.sqlite3"
    before = path.read_bytes()
    verify("--sample", "100%")
    assert path.read_bytes() == before
