"""A key changes with everything that a result depends on, and with nothing else."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chunkflow.cache.keys import (
    DIGEST_BYTES,
    KINDS,
    chunk_key,
    content_digest,
    facts_key,
    file_key,
    fingerprint,
    learned_key,
    manifest_key,
)

PARTS = {"grammar": "tree_sitter==0.26", "name": "metrics", "version": "1"}
KEY: dict[str, Any] = {
    "run": bytes(DIGEST_BYTES),
    "language": "typescript",
    "content": content_digest(b"let a"),
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
        ("content", content_digest(b"let b")),
        ("path", "a.ts"),
        ("path", ""),
    ],
)
def test_file_key_changes_with_every_fact(fact: str, other: object) -> None:
    assert file_key(**KEY) != file_key(**{**KEY, fact: other})


CHUNK: dict[str, Any] = {
    "processor": bytes(DIGEST_BYTES),
    "local_key": content_digest(b"let a") + b"\1",
}


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("processor", bytes([1] * DIGEST_BYTES)),
        ("local_key", content_digest(b"let b") + b"\1"),
        ("local_key", content_digest(b"let a") + b"\2"),
    ],
)
def test_chunk_key_changes_with_every_fact(fact: str, other: object) -> None:
    assert chunk_key(**CHUNK) != chunk_key(**{**CHUNK, fact: other})


def test_chunk_key_is_the_same_on_every_machine() -> None:
    assert chunk_key(**CHUNK).hex() == "634ffd68aea9671ac5ab0acff48d3e1b3d"


@given(st.binary(), st.binary())
def test_digest_is_of_the_bytes_alone(one: bytes, other: bytes) -> None:
    assert (content_digest(one) == content_digest(other)) == (one == other)
    assert len(content_digest(one)) == DIGEST_BYTES


def test_name_of_any_bytes_has_a_key() -> None:
    odd = b"\xff.ts".decode("utf-8", "surrogateescape")
    assert manifest_key(odd) != manifest_key("?.ts")
    assert file_key(**{**KEY, "path": odd}) != file_key(**KEY)


def test_kinds_of_record_never_share_a_key() -> None:
    keys = (file_key(**KEY), manifest_key("/"), chunk_key(**CHUNK))
    assert [key[:1] for key in keys] == [b"f", b"m", b"c"]


def test_the_first_byte_of_a_key_is_its_kind() -> None:
    keys = [
        file_key(b"r" * 16, "tsx", b"d" * 16, None),
        chunk_key(b"r" * 16, b"d" * 29),
        manifest_key("/folder"),
        facts_key("metrics"),
        learned_key(b"r" * 16),
    ]
    assert [KINDS[key[:1]] for key in keys] == ["files", "chunks", "manifests", "facts", "facts"]


def test_facts_of_another_processor_have_another_key() -> None:
    assert facts_key("a") != facts_key("b")


def test_late_code_of_another_processor_has_another_key() -> None:
    assert learned_key(b"a" * 16) != learned_key(b"b" * 16)
    name = (b"a" * 16).hex()
    assert learned_key(b"a" * 16) != facts_key(name)
