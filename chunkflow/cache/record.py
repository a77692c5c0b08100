"""Seals a payload so that whatever happens to it on disk is noticed when it is read.

A sealed record is, in this order:

    magic        3 bytes, "CFR"
    format       1 byte, the number of this layout
    key length   4 bytes, big-endian
    payload      8 bytes, big-endian: its length
    key          the key it was stored under
    checksum     8 bytes of blake2b over all the above and the payload
    payload
"""

import struct
from hashlib import blake2b

FORMAT = 1
"""The number of this layout; a record of any other is a miss."""

_HEADER = struct.Struct(">3sBIQ")
_MAGIC = b"CFR"
_CHECKSUM_BYTES = 8


def seal(key: bytes, payload: bytes) -> bytes:
    """Return `payload` with a header that `unseal` checks against `key`."""
    header = _header(key, len(payload))
    return b"".join((header, _checksum(header, payload), payload))


def unseal(key: bytes, sealed: bytes) -> bytes | None:
    """Return the payload sealed under `key`, or None for any other bytes; never raises.

    No field is taken from `sealed`: the header that it must have follows from the key and from
    how many bytes there are, so no length in it can make this allocate or read past the end.
    """
    start = _HEADER.size + len(key) + _CHECKSUM_BYTES
    if len(sealed) < start:
        return None
    header = _header(key, len(sealed) - start)
    payload = sealed[start:]
    if not sealed.startswith(header + _checksum(header, payload)):
        return None
    return payload


def _header(key: bytes, payload_bytes: int) -> bytes:
    return _HEADER.pack(_MAGIC, FORMAT, len(key), payload_bytes) + key


def _checksum(header: bytes, payload: bytes) -> bytes:
    digest = blake2b(header, digest_size=_CHECKSUM_BYTES)
    digest.update(payload)
    return digest.digest()
