"""Finds the line of each key in a TOML text, which tomllib does not give."""

from collections.abc import Iterator

from chunkflow.settings.fields import Path

# Strings come first, so that nothing inside one is taken for a bracket, a comment or a key.
_TOKEN = (
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    r"|#[^\n]*|[\[\]{}=.\n]|[^\s\"'#\[\]{}=.]+"
)


def find_key_lines(text: str) -> dict[Path, int]:
    """The path of each table header and key → its 1-based line. `text` must be valid TOML.

    Keys inside an inline table have no entries; they stand on the line of the table.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    for line, is_header, parts in _split_statements(text):
        if is_header:
            table = parts
        path = parts if is_header else table + parts
        found.setdefault(path, line)
    return found


def _split_statements(text: str) -> Iterator[tuple[int, bool, Path]]:
    """`(line, is a table header, key in parts)` of each header and assignment."""
    import re  # noqa: PLC0415 - only a run with a settings file needs it

    line, start, depth = 1, 1, 0
    parts: list[str] = []
    in_value = False
    for token in re.findall(_TOKEN, text, re.DOTALL):
        if token == "\n":
            if depth == 0:
                if parts and not in_value:
                    yield start, True, tuple(parts)
                parts, in_value = [], False
        elif token[0] == "#":
            pass
        elif in_value or token in "[]{}":
            depth += in_value * ((token in "[{") - (token in "]}"))
        elif token == "=":
            yield start, False, tuple(parts)
            in_value = True
        elif token != ".":
            start = line
            parts.append(_parse_name(token))
        line += token.count("\n")
    if parts and not in_value:
        yield start, True, tuple(parts)


def _parse_name(token: str) -> str:
    """The part of a key that a token stands for."""
    if token[0] not in "\"'":
        return token
    if "\\" not in token or token[0] == "'":
        return token[1:-1]
    import tomllib  # noqa: PLC0415 - as above

    name: str = tomllib.loads(f"name = {token}")["name"]
    return name
