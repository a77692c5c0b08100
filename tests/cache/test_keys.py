"""A key changes with everything that a result depends on, and with nothing else."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chunkflow.cache import keys
from chunkflow.cache.keys import (
    DIGEST_BYTES,
    KINDS,
    digest_content,
    fingerprint,
    make_chunk_key,
    make_facts_key,
    make_file_key,
    make_late_code_key,
    make_manifest_key,
)

PARTS = {"grammar": "tree_sitter==0.26", "name": "metrics", "version": "1"}
KEY: dict[str, Any] = {
    "run": bytes(DIGEST_BYTES),
    "language": "typescript",
    "content": digest_content(b"let a"),
    "path": None,
}


FACTS = st.dictionaries(st.text(), st.text())


@given(FACTS, FACTS)
@example({"a": "b"}, {"ab": ""})
@example({"a": "1:b"}, {"a1": "b"})
@example({"a": "b", "c": "d"}, {"a": "bc", "": "d"})
@example({"a": ""}, {})
def test_fingerprint_changes_with_every_part(one: dict[str, str], other: dict[str, str]) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
    assert len(fingerprint(one)) == DIGEST_BYTES


def test_fingerprint_is_the_same_on_every_machine() -> None:
    assert fingerprint(PARTS).hex() == "b2891ed15cf5aeffd867e89a1cb6069d"


@given(FACTS.flatmap(lambda facts: st.permutations(list(facts.items()))))
def test_order_of_parts_does_not_matter(parts: list[tuple[str, str]]) -> None:
    assert fingerprint(dict(parts)) == fingerprint(dict(sorted(parts)))


def test_part_of_odd_bytes_has_a_fingerprint() -> None:
    odd = b"\xff.ts".decode("utf-8", "surrogateescape")
    assert fingerprint({"suites": odd}) != fingerprint({"suites": "?.ts"})


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("run", bytes([1] * DIGEST_BYTES)),
        ("language", "tsx"),
        ("content", digest_content(b"let b")),
        ("path", "a.ts"),
        ("path", ""),
    ],
)
def test_file_key_changes_with_every_fact(fact: str, other: object) -> None:
    assert make_file_key(**KEY) != make_file_key(**{**KEY, fact: other})


CHUNK: dict[str, Any] = {
    "processor": bytes(DIGEST_BYTES),
    "local_key": digest_content(b"let a") + b"\1",
}


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("processor", bytes([1] * DIGEST_BYTES)),
        ("local_key", digest_content(b"let b") + b"\1"),
        ("local_key", digest_content(b"let a") + b"\2"),
    ],
)
def test_chunk_key_changes_with_every_fact(fact: str, other: object) -> None:
    assert make_chunk_key(**CHUNK) != make_chunk_key(**{**CHUNK, fact: other})


def test_chunk_key_is_the_same_on_every_machine() -> None:
    assert make_chunk_key(**CHUNK).hex() == "634ffd68aea9671ac5ab0acff48d3e1b3d"


@given(st.binary(), st.binary())
def test_digest_is_of_the_bytes_alone(one: bytes, other: bytes) -> None:
    assert (digest_content(one) == digest_content(other)) == (one == other)
    assert len(digest_content(one)) == DIGEST_BYTES


def test_name_of_any_bytes_has_a_key() -> None:
    odd = b"\xff.ts".decode("utf-8", "surrogateescape")
    assert make_manifest_key(odd) != make_manifest_key("?.ts")
    assert make_file_key(**{**KEY, "path": odd}) != make_file_key(**KEY)


def test_kinds_of_record_never_share_a_key() -> None:
    keys = (make_file_key(**KEY), make_manifest_key("/"), make_chunk_key(**CHUNK))
    assert [key[:1] for key in keys] == [b"f", b"m", b"c"]


def test_the_first_byte_of_a_key_is_its_kind() -> None:
    keys = [
        make_file_key(b"r" * 16, "tsx", b"d" * 16, None),
        make_chunk_key(b"r" * 16, b"d" * 29),
        make_manifest_key("/folder"),
        make_facts_key("metrics"),
        make_late_code_key(b"r" * 16),
    ]
    assert [KINDS[key[:1]] for key in keys] == ["files", "chunks", "manifests", "facts", "facts"]


def test_facts_of_another_processor_have_another_key() -> None:
    assert make_facts_key("a") != make_facts_key("b")


def test_late_code_of_another_processor_has_another_key() -> None:
    assert make_late_code_key(b"a" * 16) != make_late_code_key(b"b" * 16)
    name = (b"a" * 16).hex()
    assert make_late_code_key(b"a" * 16) != make_facts_key(name)


def test_records_that_a_run_goes_by_have_other_keys_in_another_format(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make_keys() -> list[bytes]:
        return [keys.make_manifest_key("/folder"), keys.make_late_code_key(b"p")]

    before = make_keys()
    monkeypatch.setattr(keys, "FORMAT", keys.FORMAT + 1)
    assert not set(before) & set(make_keys())


def test_names_of_folders_and_processors_are_in_their_keys() -> None:
    assert keys.make_manifest_key("/a") != keys.make_manifest_key("/b")
    assert keys.make_late_code_key(b"a") != keys.make_late_code_key(b"b")
    assert keys.make_facts_key("a") != keys.make_facts_key("b")
    assert keys.make_facts_key("a") != keys.make_late_code_key(b"a")


def test_facts_have_one_key_in_every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys.make_facts_key("a")
    monkeypatch.setattr(keys, "FORMAT", keys.FORMAT + 1)
    assert keys.make_facts_key("a") == before


def test_keys_are_of_one_length() -> None:
    file = keys.make_file_key(b"r" * 16, "typescript", b"d" * 16, "a.ts")
    assert {len(file), len(keys.make_manifest_key("/a")), len(keys.make_facts_key("a"))} == {17}
