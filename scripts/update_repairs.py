"""Writes what is expected of each repair case in fixtures/repair anew; read the difference after.

    python scripts/update_repairs.py

A case is named after its rule, or `jsx_…` where it is JSX that is masked. Beside `RULE.ts` lies
`RULE.ts.repaired`: the text that is parsed in its place. Every byte stands where it stood, so that
`diff` of the two shows the repair and no more.
"""

import sys
from pathlib import Path

from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.repair import repair_text
from chunkflow.syntax.suffixes import language_of

CASES = Path(__file__).parent.parent / "fixtures" / "repair"
SUFFIX = ".repaired"


def case_files() -> list[Path]:
    """The inputs of all cases."""
    return sorted(path for path in CASES.iterdir() if path.suffix != SUFFIX)


def repaired_text(path: Path) -> bytes:
    """A case's text after the repair."""
    language = language_of(path.name) or ""
    parse = make_parser(language).parse
    source = path.read_bytes()
    text, _ = repair_text(
        source,
        parse(source).root_node,
        lambda text: parse(text).root_node,
        jsx=language != "typescript",
    )
    return text


def main() -> int:
    """Write every expectation that differs."""
    for path in case_files():
        expected = path.with_name(path.name + SUFFIX)
        text = repaired_text(path)
        if not expected.exists() or expected.read_bytes() != text:
            expected.write_bytes(text)
            print(f"wrote {expected.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
