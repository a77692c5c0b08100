"""A key changes with everything that a result depends on, and with nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.cache.keys import (
    DIGEST_BYTES,
    KINDS,
    chunk_key,
    content_digest,
    facts_key,
    file_key,
    manifest_key,
    run_fingerprint,
)

RUN: dict[str, Any] = {
    "grammar": "tree_sitter==0.26",
    "name": "metrics",
    "version": "1",
    "fingerprint": b"source",
    "context": ("path",),
    "max_chunk_bytes": None,
    "suites": ("describe",),
}
KEY: dict[str, Any] = {
    "run": bytes(DIGEST_BYTES),
    "language": "typescript",
    "content": content_digest(b"let a"),
    "path": None,
}


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("grammar", "tree_sitter==0.27"),
        ("name", "document"),
        ("version", "2"),
        ("fingerprint", b"another source"),
        ("context", ()),
        ("context", ("path", "scope")),
        ("max_chunk_bytes", 0),
        ("max_chunk_bytes", 1),
        ("suites", ()),
        ("suites", ("describe", "it")),
    ],
)
def test_fingerprint_changes_with_every_fact(fact: str, other: object) -> None:
    assert run_fingerprint(**RUN) != run_fingerprint(**{**RUN, fact: other})


def test_fingerprint_is_the_same_on_every_machine() -> None:
    assert run_fingerprint(**RUN).hex() == "aafbcfdc7ba8433408b9c4a31eec215c"


def test_order_of_context_does_not_matter() -> None:
    one = run_fingerprint(**{**RUN, "context": ("path", "scope")})
    assert one == run_fingerprint(**{**RUN, "context": ("scope", "path")})


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
    "run": bytes(DIGEST_BYTES),
    "language": "typescript",
    "local_key": content_digest(b"let a") + b"\1",
}


@pytest.mark.parametrize(
    ("fact", "other"),
    [
        ("run", bytes([1] * DIGEST_BYTES)),
        ("language", "tsx"),
        ("local_key", content_digest(b"let b") + b"\1"),
        ("local_key", content_digest(b"let a") + b"\2"),
    ],
)
def test_chunk_key_changes_with_every_fact(fact: str, other: object) -> None:
    assert chunk_key(**CHUNK) != chunk_key(**{**CHUNK, fact: other})


def test_chunk_key_is_the_same_on_every_machine() -> None:
    assert chunk_key(**CHUNK).hex() == "63def3b6306110e0075044b0066720de46"


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


def test_what_a_key_is_about_is_told_by_its_first_byte() -> None:
    keys = [
        file_key(b"r" * 16, "tsx", b"d" * 16, None),
        chunk_key(b"r" * 16, "tsx", b"d" * 17),
        manifest_key("/folder"),
        facts_key("metrics"),
    ]
    assert [KINDS[key[:1]] for key in keys] == ["files", "chunks", "manifests", "facts"]


def test_facts_of_another_processor_have_another_key() -> None:
    assert facts_key("a") != facts_key("b")
