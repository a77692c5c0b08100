"""The tools from npm that tools.py compares with: installed once, in the cache folder."""

import json
from pathlib import Path

from fetch_corpus import corpus_root
from npm import install_packages

PEERS = (
    "@ast-grep/cli@0.51.1",
    "@biomejs/biome@2.6.8",
    "@typescript-eslint/parser@8.73.0",
    "eslint@10.15.0",
    "oxlint@1.94.0",
    "prettier@3.10.1",
    "typescript@5.9.3",
)


def peers_folder(wanted: tuple[str, ...] = PEERS) -> Path:
    """The folder whose node_modules hold the peers, filled if need be. Raises NpmError."""
    folder = corpus_root().parent / "bench-npm"
    # Written last: an installation that was interrupted is made anew.
    done = folder / "installed.txt"
    listed = "\n".join(wanted)
    if not done.is_file() or done.read_text() != listed:
        install_packages(folder, wanted)
        done.write_text(listed)
    return folder


def version(folder: Path, package: str) -> str:
    """The version that is installed."""
    manifest = folder / "node_modules" / package / "package.json"
    return str(json.loads(manifest.read_bytes())["version"])
