"""Every key of the cache, built from values alone; what is not here no result may depend on."""

from collections.abc import Mapping

from chunkflow.private import blake2b

FORMAT = 2
"""Raised when the layout of any record or the meaning of any key changes."""

DIGEST_BYTES = 16

Key = bytes

KINDS = {b"f": "files", b"c": "chunks", b"m": "manifests", b"x": "facts"}
"""What a key is about, by its first byte."""


def content_digest(source: bytes) -> bytes:
    """The digest of a file's bytes; 16 bytes."""
    return blake2b(source, digest_size=DIGEST_BYTES).digest()


def fingerprint(parts: Mapping[str, str]) -> bytes:
    """All that results depend on besides the chunk, each part by its name; 16 bytes."""
    return _digest("parts", *(text for part in sorted(parts.items()) for text in part))


def file_key(run: bytes, language: str, content: bytes, path: str | None) -> Key:
    """The key of what a processor said of a whole file.

    What comes before the path is of fixed length or holds no NUL, so no two facts share a key.

    Args:
        run: `fingerprint` of the processor and of how files are cut.
        language: the file's language.
        content: `content_digest` of the file.
        path: the path, where the processor's results depend on it.
    """
    named = b"" if path is None else b"\0" + path.encode("utf-8", "surrogateescape")
    facts = b"".join((run, content, language.encode(), named))
    return b"f" + blake2b(facts, digest_size=DIGEST_BYTES).digest()


def chunk_key(processor: bytes, local_key: bytes) -> Key:
    """The key of what an expensive processor said of a chunk, wherever that stands.

    Args:
        processor: `fingerprint` of the processor alone. However the file was cut, what was handed
            over is in the local key.
        local_key: `value_key` of the chunk as it was handed over.
    """
    return b"c" + blake2b(processor + local_key, digest_size=DIGEST_BYTES).digest()


def manifest_key(folder: str) -> Key:
    """The key of what was last seen of the files in a folder, given by its absolute path."""
    return b"m" + _digest("manifest", str(FORMAT), folder)


def learned_key(processor: bytes) -> Key:
    """The key of which code a processor was seen to load late; see `engine/late_code.py`.

    Args:
        processor: `fingerprint` of the processor, without that code.
    """
    return b"x" + _digest("learned", str(FORMAT), processor.hex())


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
