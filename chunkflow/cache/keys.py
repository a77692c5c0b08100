"""Every key of the cache, built from values alone; what is not here no result may depend on."""

from collections.abc import Iterable, Sequence

from chunkflow.model.digest import blake2b

FORMAT = 2
"""Raised when the layout of any record or the meaning of any key changes."""

DIGEST_BYTES = 16

Key = bytes

KINDS = {b"f": "files", b"c": "chunks", b"m": "manifests", b"x": "facts"}
"""What a key is about, by its first byte."""


def content_digest(source: bytes) -> bytes:
    """The digest of a file's bytes; 16 bytes."""
    return blake2b(source, digest_size=DIGEST_BYTES).digest()


def run_fingerprint(
    *,
    grammar: str,
    name: str,
    version: str,
    fingerprint: bytes,
    context: Iterable[str],
    max_chunk_bytes: int | None,
    suites: Sequence[str],
) -> bytes:
    """All that a processor's results depend on besides the chunk; 16 bytes.

    Args:
        grammar: versions of tree-sitter and its grammars.
        name: the processor's name.
        version: the processor's version.
        fingerprint: of the processor's settings and source.
        context: what the processor sees besides the chunk.
        max_chunk_bytes: where larger chunks are cut for it.
        suites: the names that make a call a test suite.
    """
    cut = "" if max_chunk_bytes is None else str(max_chunk_bytes)
    parts = (str(FORMAT), grammar, name, version, fingerprint.hex(), cut)
    return _digest("run", *parts, "\0".join(sorted(context)), "\0".join(suites))


def file_key(run: bytes, language: str, content: bytes, path: str | None) -> Key:
    """The key of what a processor said of a whole file.

    What comes before the path is of fixed length or holds no NUL, so no two facts share a key.

    Args:
        run: `run_fingerprint` of the processor.
        language: the file's language.
        content: `content_digest` of the file.
        path: the path, where the processor's results depend on it.
    """
    named = b"" if path is None else b"\0" + path.encode("utf-8", "surrogateescape")
    facts = b"".join((run, content, language.encode(), named))
    return b"f" + blake2b(facts, digest_size=DIGEST_BYTES).digest()


def chunk_key(run: bytes, language: str, local_key: bytes) -> Key:
    """The key of what an expensive processor said of a chunk, wherever that stands.

    Args:
        run: `run_fingerprint` of the processor; of fixed length, as is the local key for it.
        language: the language of the chunk's file.
        local_key: the chunk's digest and kind, and the context that the processor declared.
    """
    facts = b"".join((run, local_key, language.encode()))
    return b"c" + blake2b(facts, digest_size=DIGEST_BYTES).digest()


def manifest_key(folder: str) -> Key:
    """The key of what was last seen of the files in a folder, given by its absolute path."""
    return b"m" + _digest("manifest", str(FORMAT), folder)


def facts_key(name: str) -> Key:
    """The key of what the last runs of a processor depended on; no result depends on that.

    The same in every format, so that a new one can be told from the one before.
    """
    return b"x" + _digest("facts", name)


def _digest(*parts: str) -> bytes:
    framed = (
        b"%d:%b" % (len(raw), raw) for raw in (p.encode("utf-8", "surrogateescape") for p in parts)
    )
    return blake2b(b"".join(framed), digest_size=DIGEST_BYTES).digest()
