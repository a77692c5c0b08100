"""Lists of file names, as flags and other programs give them."""

import os


def files_from(text: bytes, *, null: bool) -> list[str]:
    """The names in a list, one a line, or with `null` each ended by a NUL byte.

    Empty lines are passed over. Bytes that are not UTF-8 are kept, as everywhere in file names.
    """
    names = text.split(b"\0") if null else [line.removesuffix(b"\r") for line in text.split(b"\n")]
    return [os.fsdecode(name) for name in names if name]


def split_names(text: str, *, cwd: str) -> list[str]:
    """The names in `a.ts,b.ts`. If the whole of it is a file in `cwd`, that one is meant."""
    if "," in text and os.path.exists(os.path.join(cwd, text)):
        return [text]
    return [name for name in map(str.strip, text.split(",")) if name]
