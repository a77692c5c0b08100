"""Builds every key of the cache, from values alone. A result may depend on nothing else."""

from collections.abc import Mapping

from chunkflow.private import blake2b

FORMAT = 2
"""The format of the whole cache: of keys, records and database files.

Raise it when the meaning of a key, the layout of a record or the layout of a database changes. Each
format has its own keys and its own database files, and a record of another format is a miss.
"""

DIGEST_BYTES = 16

Key = bytes

KINDS = {b"f": "files", b"c": "chunks", b"m": "manifests", b"x": "facts"}
"""The kind of a record, by the first byte of its key."""


def digest_content(source: bytes) -> bytes:
    """Return the digest of a file's bytes; 16 bytes."""
    return blake2b(source, digest_size=DIGEST_BYTES).digest()


def fingerprint(parts: Mapping[str, str]) -> bytes:
    """Return a digest of the named parts that results depend on besides the chunk; 16 bytes."""
    return _digest("parts", *(text for part in sorted(parts.items()) for text in part))


def make_file_key(run: bytes, language: str, content: bytes, path: str | None) -> Key:
    """Return the key of a processor's result for a whole file.

    What precedes the path has a fixed length or holds no NUL, so different arguments never share a
    key.

    Args:
        run: the `fingerprint` of the processor and of how files are cut.
        language: the file's language.
        content: the digest of the file, from `digest_content`.
        path: the path if the processor's results depend on it.
    """
    named = b"" if path is None else b"\0" + path.encode("utf-8", "surrogateescape")
    facts = b"".join((run, content, language.encode(), named))
    return b"f" + blake2b(facts, digest_size=DIGEST_BYTES).digest()


def make_chunk_key(processor: bytes, local_key: bytes) -> Key:
    """Return the key of an expensive processor's result for a chunk, in whichever file.

    Args:
        processor: the `fingerprint` of the processor alone. How the file was cut does not matter,
            as the local key covers what the processor received.
        local_key: the `value_key` of the chunk that the processor received.
    """
    return b"c" + blake2b(processor + local_key, digest_size=DIGEST_BYTES).digest()


def make_manifest_key(folder: str) -> Key:
    """Return the key of what was last seen of the files in a folder, an absolute path."""
    return b"m" + _digest("manifest", str(FORMAT), folder)


def make_late_code_key(processor: bytes) -> Key:
    """Return the key of the code that a processor loads while it runs; see `engine/late_code.py`.

    Args:
        processor: the `fingerprint` of the processor, without that code.
    """
    return b"x" + _digest("learned", str(FORMAT), processor.hex())


def make_facts_key(name: str) -> Key:
    """Return the key of what a processor's last runs depended on. No result depends on it.

    It is the same in every format, so that `--explain` can name a change of format.
    """
    return b"x" + _digest("facts", name)


def _digest(*parts: str) -> bytes:
    framed = (
        b"%d:%b" % (len(raw), raw) for raw in (p.encode("utf-8", "surrogateescape") for p in parts)
    )
    return blake2b(b"".join(framed), digest_size=DIGEST_BYTES).digest()
