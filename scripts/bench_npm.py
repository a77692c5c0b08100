"""The tools from npm that bench.py compares with: installed once, in the cache folder."""

import json
import subprocess
from pathlib import Path

from fetch_corpus import corpus_root, program

PEERS = (
    "@ast-grep/cli@0.51.1",
    "@biomejs/biome@2.6.8",
    "@typescript-eslint/parser@8.73.0",
    "eslint@10.15.0",
    "oxlint@1.94.0",
    "prettier@3.10.1",
    "typescript@5.9.3",
)


class InstallError(Exception):
    """The peers could not be installed; says what npm said."""


def node() -> str:
    """Where node is. Raises InstallError."""
    found = program("node")
    if found is None:
        raise InstallError("there is no node; install Node.js, or the extra `dev`")
    return found


def peers_folder(wanted: tuple[str, ...] = PEERS) -> Path:
    """The folder whose node_modules hold the peers, filled if need be. Raises InstallError."""
    folder = corpus_root().parent / "bench-npm"
    # Written last: an installation that was interrupted is made anew.
    done = folder / "installed.txt"
    listed = "\n".join(wanted)
    if not done.is_file() or done.read_text() != listed:
        _install(folder, wanted)
        done.write_text(listed)
    return folder


def version(folder: Path, package: str) -> str:
    """The version that is installed."""
    manifest = folder / "node_modules" / package / "package.json"
    return str(json.loads(manifest.read_bytes())["version"])


def _install(folder: Path, wanted: tuple[str, ...]) -> None:
    npm = program("npm")
    if npm is None:
        raise InstallError("cannot install the peers: there is no npm; install Node.js")
    folder.mkdir(parents=True, exist_ok=True)
    # Without a package.json of its own npm would install into a folder above.
    (folder / "package.json").write_text('{"private": true}\n')
    command = [npm, "install", "--no-package-lock", "--no-save", "--loglevel=error", *wanted]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise InstallError(
            f"cannot install the peers: {said}; check the network and npm's settings"
        )
