"""Places where the TypeScript compiler sees that an edit changes one declaration; needs `node`."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from compare.boundaries import ORACLE, OracleError, run_oracle

SCRIPT = ORACLE.with_name("sites.mjs")

COMMENT = "\n  // remark {number}"
LINE = '\n  console.log("inserted {number}");'
FUNCTION = "\n\nfunction inserted{number}() {{\n  return {number};\n}}\n"


class Sites(NamedTuple):
    """What the compiler says of one file; offsets in bytes."""

    path: Path
    error_count: int
    bodies: tuple[int, ...]
    """Ends of lines behind a statement of a function's body."""
    between: tuple[int, ...]
    """Ends of lines behind a top-level declaration that another one follows."""
    opens: tuple[int, ...]
    """Where the first member of a class, namespace or test suite may stand."""


class Insertion(NamedTuple):
    """Text that one edit puts into a file."""

    path: Path
    offset: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The file after the edit."""
        return source[: self.offset] + self.text.encode() + source[self.offset :]


def find_sites(paths: Sequence[Path]) -> list[Sites]:
    """The sites of each file, in order. Raises OracleError, FetchError."""
    return [_sites(record) for record in run_oracle(SCRIPT, paths)]


def line_insertions(files: Iterable[Sites], random: Random) -> Iterator[Insertion]:
    """A line put into a function's body: every site once, in random order."""
    yield from _insertions(((file.path, file.bodies) for file in files), LINE, random)


def comment_insertions(files: Iterable[Sites], random: Random) -> Iterator[Insertion]:
    """A line comment put into a function's body: every site once, in random order."""
    yield from _insertions(((file.path, file.bodies) for file in files), COMMENT, random)


def function_insertions(files: Iterable[Sites], random: Random) -> Iterator[Insertion]:
    """A function put between two declarations: every site once, in random order."""
    yield from _insertions(((file.path, file.between) for file in files), FUNCTION, random)


def any_number(random: Random) -> int:
    """A number of seven digits, for a text that is found nowhere else."""
    return random.randrange(10**6, 10**7)


@functools.cache
def read(path: Path) -> bytes:
    """The bytes of a file, read once."""
    return path.read_bytes()


def _insertions(
    sites: Iterable[tuple[Path, Sequence[int]]], text: str, random: Random
) -> Iterator[Insertion]:
    places = [(path, offset) for path, offsets in sites for offset in offsets]
    random.shuffle(places)
    for path, offset in places:
        yield Insertion(path, offset, text.format(number=any_number(random)))


def _sites(record: dict[str, object]) -> Sites:
    match record:
        case {
            "path": str(path),
            "errors": int(error_count),
            "bodies": list(bodies),
            "between": list(between),
            "opens": list(opens),
        }:
            if error_count:
                return Sites(Path(path), error_count, (), (), ())
            return Sites(Path(path), 0, tuple(bodies), tuple(between), tuple(opens))
    raise OracleError(f"the compiler's answer is not of its format: {record!r}")
