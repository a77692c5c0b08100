"""Downloads the pinned npm packages that chunkflow is measured on; needs npm and, once, a network.

    python scripts/fetch_corpus.py [NAME…]          # where each lies, and its size
    python scripts/fetch_corpus.py --files NAME…    # its source files, a line each

Packages lie in `$CHUNKFLOW_CORPUS_DIR`, by default `~/.cache/chunkflow/corpus`, one folder each.
"""

import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from npm import NpmError, run_npm


class FetchError(Exception):
    """A package is not to be had; says which, why, and what to do."""


class Corpus(NamedTuple):
    """A package of one version, and which of its files count."""

    package: str
    version: str
    suffixes: tuple[str, ...]
    """`.ts` leaves `.d.ts` out, unless that is named too; the same goes for `.mts` and `.cts`."""

    @property
    def spec(self) -> str:
        """What npm is asked for."""
        return f"{self.package}@{self.version}"


CORPORA = {
    "viem": Corpus("viem", "2.57.20", (".ts",)),
    "effect": Corpus("effect", "4.1.0", (".ts",)),
    "rxjs": Corpus("rxjs", "7.8.2", (".ts",)),
    "zod": Corpus("zod", "4.6.7", (".ts",)),
    "node-types": Corpus("@types/node", "24.10.0", (".d.ts",)),
    "kobalte": Corpus("@kobalte/core", "0.13.11", (".tsx", ".jsx")),
    "react-router": Corpus("@tanstack/react-router", "1.130.0", (".tsx", ".d.cts")),
    "solid-router": Corpus("@solidjs/router", "0.15.3", (".jsx",)),
    "typebox": Corpus("@sinclair/typebox", "0.34.41", (".mjs", ".d.mts")),
    "anthropic-sdk": Corpus("@anthropic-ai/sdk", "0.60.0", (".d.mts",)),
    "query-core": Corpus("@tanstack/query-core", "5.108.0", (".cjs", ".d.cts")),
    "unenv": Corpus("unenv", "1.10.0", (".cjs",)),
    "graphql": Corpus("graphql", "16.11.0", (".mjs",)),
    "express": Corpus("express", "5.1.0", (".js",)),
    "lodash": Corpus("lodash", "4.17.21", (".js",)),
    "typescript": Corpus("typescript", "5.9.3", (".d.ts",)),
}
"""Name → package. `typescript` is also the compiler that boundaries are compared with."""


def corpus_root() -> Path:
    """The folder that holds the packages."""
    named = os.environ.get("CHUNKFLOW_CORPUS_DIR")
    return Path(named) if named else Path.home() / ".cache" / "chunkflow" / "corpus"


def corpus_dir(name: str) -> Path:
    """The unpacked package; downloaded first if it is not there. Raises FetchError."""
    corpus = _corpus(name)
    target = corpus_root() / f"{name}-{corpus.version}"
    if not target.is_dir():
        _fetch(corpus, target)
    return target


def source_files(name: str, *, suffixes: tuple[str, ...] | None = None) -> list[Path]:
    """The package's source files in order of path, of the corpus' own suffixes unless given."""
    wanted = suffixes or _corpus(name).suffixes
    found = corpus_dir(name).rglob("*")
    return sorted(path for path in found if _counts(path.name, wanted) and path.is_file())


def _corpus(name: str) -> Corpus:
    try:
        return CORPORA[name]
    except KeyError:
        raise FetchError(f"no corpus {name!r}; there are: {', '.join(CORPORA)}") from None


def _counts(file_name: str, suffixes: tuple[str, ...]) -> bool:
    declares = file_name.endswith((".d.ts", ".d.mts", ".d.cts"))
    return any(
        file_name.endswith(suffix) and (suffix.startswith(".d.") or not declares)
        for suffix in suffixes
    )


def _fetch(corpus: Corpus, target: Path) -> None:
    """Puts the package at `target` in one step, so that nobody ever sees half of it."""
    _make_directory(target.parent)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as folder:
        archive = _pack(corpus, Path(folder))
        package = _unpack(corpus, archive, Path(folder) / "unpacked")
        _check_version(corpus, package)
        try:
            package.rename(target)
        except OSError as exc:
            # Somebody else was faster: what lies there was checked like ours.
            if not target.is_dir():
                raise FetchError(f"cannot put {corpus.spec} at {target}: {exc}") from exc


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise FetchError(
            f"cannot make the folder {path}: {exc.strerror}; set CHUNKFLOW_CORPUS_DIR to one"
            " that can be written"
        ) from exc


def _pack(corpus: Corpus, folder: Path) -> Path:
    try:
        run_npm(folder, "pack", "--ignore-scripts", corpus.spec)
    except NpmError as exc:
        raise FetchError(f"cannot download {corpus.spec}: {exc}") from exc
    archives = sorted(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise FetchError(f"asked npm for {corpus.spec} and got {len(archives)} archives")
    return archives[0]


def _unpack(corpus: Corpus, archive: Path, into: Path) -> Path:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter="data")
    except (tarfile.TarError, OSError, EOFError) as exc:
        raise FetchError(f"cannot unpack {corpus.spec}: {exc}; nothing of it was kept") from exc
    # npm's own archives hold `package/`; others name their one folder as they like.
    match list(into.iterdir()):
        case [folder] if folder.is_dir():
            return folder
        case found:
            raise FetchError(f"cannot unpack {corpus.spec}: {len(found)} entries in place of one")


def _check_version(corpus: Corpus, package: Path) -> None:
    try:
        manifest = json.loads((package / "package.json").read_bytes())
        found = f"{manifest['name']}@{manifest['version']}"
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise FetchError(f"{corpus.spec} has no readable package.json: {exc!r}") from exc
    if found != corpus.spec:
        raise FetchError(f"asked npm for {corpus.spec} and got {found}; check npm's configuration")


def _summary(name: str) -> str:
    files = source_files(name)
    size_bytes = sum(path.stat().st_size for path in files)
    return f"{name}: {corpus_dir(name)}: {len(files)} files, {size_bytes} bytes"


def main(arguments: Sequence[str]) -> int:
    """Fetches the named packages, or all; the exit status is 2 if one could not be had."""
    names = [name for name in arguments if name != "--files"]
    status = 0
    for name in names or CORPORA:
        try:
            if "--files" in arguments:
                sys.stdout.writelines(f"{path}\n" for path in source_files(name))
            else:
                print(_summary(name), flush=True)
        except FetchError as exc:
            print(f"fetch_corpus: {exc}", file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
