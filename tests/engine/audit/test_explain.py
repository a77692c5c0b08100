"""Explaining looks at the cache and leaves it as it is; the reasons are shown in tests/cli."""

from collections.abc import Callable
from pathlib import Path

import pytest
from runs import SUITES, Runner

from chunkflow.cache.keys import digest_content, make_facts_key, make_file_key
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.audit.explain import explain_files
from chunkflow.engine.fingerprint_history import Fingerprint, pack_fingerprints
from chunkflow.engine.options import Cutting, RunProcessor
from chunkflow.model.explanation import FileExplanation

Save = Callable[..., Path]

CUTTING = Cutting(SUITES, None)
SOURCE = "function a() {}\n\nfunction b() {}\n"
NOW = {"settings": "new", "source": "same"}


@pytest.fixture
def file(save: Save) -> Path:
    return save("a.ts", SOURCE)


def explain(
    runner: Runner, *names: str, processor: RunProcessor | None = None, named: bool = True
) -> list[FileExplanation]:
    used = runner.options("metrics").processors if processor is None else (processor,)
    return explain_files(
        runner.wanted(*(names or ("a.ts",)), named=named), runner.tiers, used, CUTTING
    )


def told(explanations: list[FileExplanation]) -> list[object]:
    return [chunk.tier or chunk.reasons for file in explanations for chunk in file.chunks]


def test_chunks_are_described(file: Path, runner: Runner) -> None:
    (explained,) = explain(runner)
    first, _ = explained.chunks
    assert (explained.path, explained.error) == ("a.ts", None)
    assert first[:6] == ("metrics", "function", "a", (), 1, 1)
    assert (first.tier, first.reasons) == (None, ("new",))


def test_nothing_is_stored(file: Path, runner: Runner, memory: MemoryTier) -> None:
    runner.run("a.ts")
    entries = len(memory)
    assert told(explain(runner)) == ["l1", "l1"]
    assert len(memory) == entries


def test_file_that_is_gone_is_told_if_it_was_named(runner: Runner) -> None:
    assert explain(runner, "gone.ts") == [
        FileExplanation("gone.ts", error="cannot read gone.ts: no such file")
    ]
    assert explain(runner, "gone.ts", named=False) == []


def test_record_that_cannot_be_decoded_is_none(file: Path, runner: Runner, tiers: Tiers) -> None:
    runner.run("a.ts")
    (processor,) = runner.options("metrics").processors
    digest = digest_content(file.read_bytes())
    key = make_file_key(processor.run, "typescript", digest, None)
    payload = tiers.peek_many([key])[key].payload
    assert payload.count(b"[[") == 1
    tiers.put_many([(key, payload.replace(b"[[", b"[{"))])
    assert told(explain(runner)) == [("new",), ("new",)]


class TestEarlierRuns:
    """The record of an earlier run that is most like this one is the nearest."""

    processor = RunProcessor("p", b"now!" * 4, parts=NOW)

    @staticmethod
    def keep(runner: Runner, file: Path, *runs: bytes, path: str | None = None) -> None:
        """Keep the record of the file as if these runs had made it."""
        runner.run("a.ts")
        (made,) = runner.options("metrics").processors
        digest = digest_content(file.read_bytes())
        key = make_file_key(made.run, "typescript", digest, None)
        payload = runner.tiers.peek_many([key])[key].payload
        for run in runs:
            runner.tiers.put_many([(make_file_key(run, "typescript", digest, path), payload)])

    def test_the_most_alike_is_taken(self, file: Path, runner: Runner) -> None:
        one, other, current = b"1" * 16, b"2" * 16, self.processor.run
        self.keep(runner, file, one, other)
        facts = [
            Fingerprint(one, one, {"settings": "old", "source": "old"}),
            Fingerprint(other, other, {"settings": "old", "source": "same"}),
            Fingerprint(current, current, NOW),
        ]
        runner.tiers.put_many([(make_facts_key("p"), pack_fingerprints(facts))])
        assert told(explain(runner, processor=self.processor)) == [("settings",)] * 2

    def test_without_a_record_of_theirs_they_say_nothing(self, file: Path, runner: Runner) -> None:
        one = b"1" * 16
        runner.tiers.put_many(
            [(make_facts_key("p"), pack_fingerprints([Fingerprint(one, one, {"settings": "old"})]))]
        )
        assert told(explain(runner, processor=self.processor)) == [("new",)] * 2

    def test_record_is_found_by_the_path_where_they_saw_it(
        self, file: Path, runner: Runner
    ) -> None:
        one = b"1" * 16
        self.keep(runner, file, one, path="a.ts")
        before = {**NOW, "declared_context": "path"}
        runner.tiers.put_many(
            [(make_facts_key("p"), pack_fingerprints([Fingerprint(one, one, before)]))]
        )
        processor = self.processor._replace(parts={**NOW, "declared_context": ""})
        assert told(explain(runner, processor=processor)) == [("declared_context",)] * 2

    def test_part_that_was_not_there_counts_as_another(self, file: Path, runner: Runner) -> None:
        one = b"1" * 16
        self.keep(runner, file, one)
        runner.tiers.put_many(
            [(make_facts_key("p"), pack_fingerprints([Fingerprint(one, one, {"source": "same"})]))]
        )
        assert told(explain(runner, processor=self.processor)) == [("settings",)] * 2
