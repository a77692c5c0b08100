"""The environment that chunkers.py installs its peers into: made once, in the cache folder."""

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from fetch_corpus import corpus_root

# chonkie from 1.7 on downloads its grammars from elsewhere when it is first used; the one before
# takes those that come as a package.
PEERS = (
    "astchunk==0.1.0",
    "chonkie[code]==1.6.5",
    "langchain-text-splitters==1.1.3",
    "llama-index-core==0.14.25",
    "semantic-text-splitter==0.33.1",
    "tree-sitter-language-pack<1",
)


class InstallError(Exception):
    """The peers could not be installed; says what pip said."""


def requirements() -> list[str]:
    """What the environment holds: the peers, and the same tree-sitter as this interpreter's."""
    ours = (f"{name}=={version(name)}" for name in ("tree-sitter", "tree-sitter-typescript"))
    return [*ours, *PEERS]


def peers_python(wanted: list[str]) -> Path:
    """The environment's Python, after making the environment if need be. Raises InstallError."""
    folder = corpus_root().parent / "bench-venv"
    python = folder / "bin" / "python"
    # Written last: an installation that was interrupted is made anew.
    done = folder / "requirements.txt"
    listed = "\n".join([*wanted, f"# {sys.version}"])
    if not done.is_file() or done.read_text() != listed:
        print(f"installing the peers into {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        _install(python, wanted)
        done.write_text(listed)
    return python


def _install(python: Path, wanted: list[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *wanted], capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise InstallError(f"cannot install the peers: {done.stderr.strip()}; check the network")
