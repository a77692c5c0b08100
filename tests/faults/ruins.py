"""What may be done to a file of the cache by a disk, another program or an unlucky hand."""

import os
import random
import shutil
import socket
import sqlite3
from contextlib import chdir, closing
from pathlib import Path


def garbage(path: Path) -> None:
    """Random bytes, as many as there were."""
    size_bytes = path.stat().st_size if path.exists() else 40_000
    path.write_bytes(random.Random(size_bytes).randbytes(size_bytes))


def emptied(path: Path) -> None:
    """No byte at all."""
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    """What a file system gives back whose data never reached the disk."""
    path.write_bytes(bytes(path.stat().st_size))


def halved(path: Path) -> None:
    """The first half."""
    os.truncate(path, path.stat().st_size // 2)


def halved_to_a_page(path: Path) -> None:
    """Whole pages, but not all of them."""
    os.truncate(path, path.stat().st_size // 2 // 8192 * 8192)


def one_byte(path: Path) -> None:
    """Hardly begun."""
    os.truncate(path, 1)


def directory(path: Path) -> None:
    """A directory with something in it."""
    _gone(path)
    path.mkdir()
    (path / "notes.txt").write_text("not yours")


def fifo(path: Path) -> None:
    """A pipe, which keeps waiting whoever opens it."""
    _gone(path)
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    """A socket that nobody listens at."""
    _gone(path)
    with socket.socket(socket.AF_UNIX) as bound, chdir(path.parent):
        bound.bind(path.name)


def dangling_link(path: Path) -> None:
    """A link to what is not there."""
    _gone(path)
    path.symlink_to(path.parent / "nowhere")


def loop(path: Path) -> None:
    """A link to itself."""
    _gone(path)
    path.symlink_to(path)


def other_program(path: Path) -> None:
    """Another program's database."""
    _gone(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA application_id = 7; CREATE TABLE places(id INTEGER PRIMARY KEY, url TEXT);"
            "INSERT INTO places(url) VALUES ('https://example.org');"
        )


def other_program_of_the_same_shape(path: Path) -> None:
    """Another program's database that has a table of the same name."""
    _gone(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; CREATE TABLE records(key TEXT, used TEXT, value TEXT);"
            "CREATE TABLE Cache(key TEXT, value TEXT);"
        )


REPLACED = (
    garbage,
    emptied,
    zeros,
    halved,
    halved_to_a_page,
    one_byte,
    directory,
    fifo,
    unix_socket,
    dangling_link,
    loop,
    other_program,
    other_program_of_the_same_shape,
)
"""All of them, for a database."""


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
