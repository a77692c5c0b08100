"""Draw docs/run.svg: a first run, a second run, and a run after an edit to one function.

    python scripts/draw_run.py

The commands are run for real, on a copy of the fixtures.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
COMMAND = ("chunkflow", "optimize-files", "src")
BEFORE, AFTER = "return ", "return  "


def run(console: Console, project: Path) -> None:
    """Run the command as a user would, and show what it prints."""
    console.print(Text(f"$ {' '.join(COMMAND)}", style="bold"))
    words = [sys.executable, "-m", *COMMAND]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)
    console.print(Text(done.stdout.rstrip()))
    console.print()


def main() -> None:
    """Make the picture."""
    console = Console(record=True, width=116, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "src").mkdir()
        for path in sorted((ROOT / "fixtures").glob("*.ts")):
            shutil.copy(path, project / "src")
        run(console, project)
        run(console, project)
        edited = min((project / "src").iterdir())
        edited.write_text(edited.read_text().replace(BEFORE, AFTER, 1))
        console.print(Text(f"$ # edit one function of {edited.relative_to(project)}", style="dim"))
        run(console, project)
    svg = console.export_svg(title="chunkflow")
    # Fonts of other people's servers are not fetched when somebody looks at a picture.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    (ROOT / "docs/run.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
