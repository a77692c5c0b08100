"""Successive releases of an npm package as a git repository, a commit each: for run.py."""

import json
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from fetch_corpus import corpus_root
from npm import run_npm
from replay.history import git

SOURCE_SUFFIXES = (".ts", ".mts", ".cts", ".tsx")
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
_AUTHOR = ("-c", "user.name=replay", "-c", "user.email=replay@localhost")


class ReleaseError(Exception):
    """A package's releases are not to be had; says why and what to do."""


def make_repository(package: str, folder: Path, *, releases: int) -> list[str]:
    """Commit the sources of the last releases, oldest first, into a new repository at `folder`.

    TypeScript alone is taken, and no declarations, which a compiler wrote. Archives are kept in
    the cache folder beside the corpora.

    Returns:
        The versions.

    Raises:
        NpmError: npm is missing or failed.
        ReleaseError: an archive cannot be read, or there is no source.
        HistoryError: git failed.
    """
    versions = last_releases(_versions(package), releases)
    archives = [_archive(package, version) for version in versions]
    folder.mkdir()
    git(folder, "init", "--quiet")
    for version, archive in zip(versions, archives, strict=True):
        _replace_files(folder, archive)
        git(folder, "add", "--all", "--force")
        message = ("--allow-empty", "--no-verify", "--message", version)
        git(folder, *_AUTHOR, "-c", "commit.gpgsign=false", "commit", "--quiet", *message)
    return versions


def last_releases(versions: Sequence[str], count: int) -> list[str]:
    """The highest versions that are no pre-releases, lowest first."""
    stable = [version for version in versions if "-" not in version and "+" not in version]
    return sorted(stable, key=lambda version: [*map(int, version.split("."))])[-count:]


def _versions(package: str) -> list[str]:
    found = json.loads(run_npm(Path.cwd(), "view", package, "versions", "--json"))
    # npm gives a single version without the list around it.
    return [found] if isinstance(found, str) else [str(version) for version in found]


def _archive(package: str, version: str) -> Path:
    folder = corpus_root() / "releases"
    kept = folder / f"{package.replace('/', '__')}-{version}.tgz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as place:
            run_npm(Path(place), "pack", "--ignore-scripts", f"{package}@{version}")
            for archive in Path(place).glob("*.tgz"):
                archive.rename(kept)
    return kept


def _replace_files(folder: Path, archive: Path) -> None:
    """Make the folder hold the archive's sources, and nothing else but its `.git`."""
    git(folder, "rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
    try:
        with tarfile.open(archive) as tar:
            found = sum(_write(tar, member, folder) for member in _sources(tar))
    except (tarfile.TarError, OSError, EOFError) as exc:
        raise ReleaseError(f"cannot unpack {archive.name}: {exc}; remove it and try again") from exc
    if not found:
        raise ReleaseError(f"{archive.name} holds no TypeScript source; name another package")


def _sources(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        name = member.name.lower()
        is_source = name.endswith(SOURCE_SUFFIXES) and not name.endswith(_DECLARATIONS)
        if is_source and member.isfile():
            yield member


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> bool:
    # The first part is a folder around all.
    parts = PurePosixPath(member.name).parts[1:]
    content = tar.extractfile(member)
    if not parts or ".." in parts or content is None:
        return False
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.read())
    return True
