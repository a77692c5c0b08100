"""BLAKE2b without the rest of `hashlib`, whose import loads OpenSSL: 3 ms in every process."""

try:
    from _blake2 import blake2b
except ImportError:  # not CPython, or one built otherwise
    from hashlib import blake2b

__all__ = ["blake2b"]
