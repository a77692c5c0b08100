"""A file of a run: what it is, whether it has changed, and what it holds."""

import os
import stat
from typing import NamedTuple

from chunkflow.cache.keys import digest_content
from chunkflow.engine.manifest import Manifest, Seen, Signature, settle_signature, signature_of
from chunkflow.engine.options import Wanted
from chunkflow.engine.reading import (
    bytes_to_hold,
    check_regular,
    read_digest,
    read_source,
)
from chunkflow.errors import SourceError, describe_os_error
from chunkflow.syntax.suffixes import language_of


class File(NamedTuple):
    """A file of the run, and what was last seen of it."""

    shown: str
    path: str
    """Absolute."""
    language: str
    signature: Signature
    looked_ns: int
    last_digest: bytes | None
    """Of the content that it had when it was last seen."""
    unchanged: bool
    """Whether the signature says that it still has that content."""

    def seen(self, digest: bytes) -> Seen:
        """What the manifest keeps: a signature behind which no later change can hide."""
        return Seen(settle_signature(self.signature, self.looked_ns), digest)


def look(wanted: Wanted, manifest: Manifest, looked_ns: int) -> File | None:
    """Stat a file and compare it with the manifest.

    Returns None for a file that was found, not named, and is gone or is no file after all.

    Raises:
        SourceError: a named file does not exist, is not a regular file, or is of no known language.
    """
    shown, path, named = wanted
    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {shown}: unknown language; name a TypeScript file")
    found = _stat(path, shown, named=named)
    if found is None:
        manifest.forget(path)
        return None
    signature, seen = signature_of(found), manifest.seen(path)
    if seen is None:
        return File(shown, path, language, signature, looked_ns, None, False)
    unchanged = seen.signature == signature
    return File(shown, path, language, signature, looked_ns, seen.digest, unchanged)


def _stat(path: str, shown: str, *, named: bool) -> os.stat_result | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as exc:
        is_gone = isinstance(exc, FileNotFoundError | NotADirectoryError)
        if is_gone and not named:
            return None
        is_link = is_gone and os.path.islink(path)
        reason = "it is a link to nothing" if is_link else describe_os_error(exc)
        raise SourceError(f"cannot read {shown}: {reason}") from exc
    if not stat.S_ISREG(found.st_mode):
        if not named:
            return None
        check_regular(found, shown)
    return found


def read_and_digest(file: File, streaming_bytes: int | None) -> tuple[bytes | None, bytes]:
    """A file's bytes and their digest; of a file too large to be held the digest alone.

    Raises:
        SourceError: it cannot be read.
    """
    if file.signature.size_bytes > bytes_to_hold(streaming_bytes):
        return None, read_digest(file.path, file.shown)
    source = read_source(file.path, file.shown)
    return source, digest_content(source)
