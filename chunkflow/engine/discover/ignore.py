"""Patterns as in .gitignore, by the rules of gitignore(5).

Written here because what is on PyPI decides otherwise than git in plain cases (`*`, `!*/`,
`!*.ts` keeps nothing in pathspec 1.1) and takes 30 ms to import, a third of a whole warm run.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class Rule(NamedTuple):
    """One pattern. Rules are kept latest first, since the last that matches decides."""

    matches: Callable[[str], object]
    """Whether it matches a path, or a name if `on_name`."""
    takes: bool
    """False for a pattern after `!`."""
    on_directory: bool
    """It ended with a slash: files never match."""
    on_name: bool
    """It has no other slash: it is about the last part of a path, at any depth."""


def rules_of(lines: Iterable[str]) -> tuple[Rule, ...]:
    """The rules in the lines of a .gitignore; blanks, comments and broken ones are left out."""
    rules = [rule for line in lines if (rule := rule_of(line)) is not None]
    return tuple(reversed(rules))


def rule_of(line: str) -> Rule | None:
    """The rule in one line, or None if there is none."""
    pattern = _without_trailing_spaces(line)
    if pattern.startswith("#"):
        return None
    takes = not pattern.startswith("!")
    pattern = pattern if takes else pattern[1:]
    on_directory = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    on_name = "/" not in pattern
    regex = _regex_of(pattern.removeprefix("/"))
    if not pattern or regex is None:
        return None
    import re  # noqa: PLC0415 - a search that git does needs no patterns

    return Rule(re.compile(regex, re.DOTALL).fullmatch, takes, on_directory, on_name)


def verdict(rules: Sequence[Rule], path: str, *, is_directory: bool) -> bool | None:
    """Whether `path`, relative to where the rules stand, is taken; None if they do not say."""
    at = _first(rules, path, is_directory=is_directory)
    return rules[at].takes if at < len(rules) else None


def _first(rules: Sequence[Rule], path: str, *, is_directory: bool) -> int:
    """The index of the first rule about `path`; the number of rules if none is."""
    name = path.rpartition("/")[2]
    for at, (matches, _, on_directory, on_name) in enumerate(rules):
        if (is_directory or not on_directory) and matches(name if on_name else path):
            return at
    return len(rules)


class Patterns:
    """Patterns of the settings: the last that matches a file or a directory above it decides.

    So `src/` takes what is in it, and a later `!src/generated/` takes that out again, which in
    a .gitignore it could not.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        # Directory → index of the rule that decides about all in it, unless an earlier one (that
        # is a later line) is about the file. Many files share few directories.
        self._deciding = {"": len(rules)}

    def cover(self, path: str) -> bool:
        """Whether they take the file at `path`, relative to where they count from."""
        above = self._of_directory(path.rpartition("/")[0])
        at = min(above, _first(self._rules, path, is_directory=False))
        return at < len(self._rules) and self._rules[at].takes

    def _of_directory(self, directory: str) -> int:
        unknown = []
        while directory not in self._deciding:
            unknown.append(directory)
            directory = directory.rpartition("/")[0]
        at = self._deciding[directory]
        for inner in reversed(unknown):
            at = min(at, _first(self._rules, inner, is_directory=True))
            self._deciding[inner] = at
        return at


def _without_trailing_spaces(line: str) -> str:
    while line.endswith(" "):
        rest = line[:-1]
        if (len(rest) - len(rest.rstrip("\\"))) % 2:
            break  # the space is escaped
        line = rest
    return line


_STAR, _LAZY_STAR = "[^/]*", "[^/]*?"
_DEEP, _LAZY_DEEP = "(?:.*/)?", "(?:.*?/)??"


def _regex_of(pattern: str) -> str | None:
    """The same in the language of `re`; None if it can never match."""
    runs: list[list[str]] = [[""]]  # what is between `**/` and `**/`, cut at each `*`
    at = 0
    while at < len(pattern):
        step = _step(pattern, at)
        if step is None:
            return None
        part, at = step
        if part == _DEEP:
            runs.append([""])
        elif part == _STAR:
            runs[-1].append("")
        else:
            runs[-1][-1] += part
    return _joined([_joined(run, _STAR, _LAZY_STAR) for run in runs], _DEEP, _LAZY_DEEP)


def _joined(parts: list[str], between: str, lazy: str) -> str:
    """The parts with stars between them, none of which is tried again once the next is reached.

    A part before another star may as well be matched where it first occurs, since that star takes
    whatever follows. Otherwise a hostile pattern of thirty stars would take years.
    """
    first, *rest = parts
    if not rest:
        return first
    return first + "".join(f"(?>{lazy}{part})" for part in rest[:-1]) + between + rest[-1]


def _step(pattern: str, at: int) -> tuple[str, int] | None:
    """The regex for what stands at `at`, and where the next part begins."""
    match pattern[at]:
        case "*":
            return _stars(pattern, at)
        case "?":
            return "[^/]", at + 1
        case "[":
            return _bracket(pattern, at + 1)
        case "\\":
            return (_literal(pattern[at + 1]), at + 2) if at + 1 < len(pattern) else None
        case character:
            return _literal(character), at + 1


def _literal(character: str) -> str:
    return character if character.isalnum() or ord(character) > 127 else "\\" + character


_SPECIAL = frozenset("*?[\\")


def _stars(pattern: str, at: int) -> tuple[str, int]:
    end = at
    while pattern[end : end + 1] == "*":
        end += 1
    # Git compares what comes before the first special character by itself, and so takes `x**/y`
    # for `x` with `**/y` at the start of what is left.
    is_start = pattern[at - 1 : at] in ("", "/") or not _SPECIAL.intersection(pattern[:at])
    is_whole_part = end - at > 1 and is_start
    following = pattern[end : end + 1]
    if is_whole_part and following == "/":
        return _DEEP, end + 1
    return (".*" if is_whole_part and not following else _STAR), end


_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """The regex for a set such as `[!a-z]`, whose inside begins at `at`."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    inside, first = "", at
    while at == first or pattern[at : at + 1] != "]":
        member = _member(pattern, at)
        if member is None:
            return None
        part, at = member
        inside += part
    if not inside:  # only ranges that run backwards
        return ("[^/]" if negated else "(?!)"), at + 1
    return f"(?!/)[{'^' * negated}{inside}]", at + 1


def _member(pattern: str, at: int) -> tuple[str, int] | None:
    """One character, range or class of a set; None where the set never ends."""
    if pattern.startswith("[:", at):
        end = pattern.find(":]", at)
        known = _CLASSES.get(pattern[at + 2 : end]) if end > 0 else None
        return None if known is None else (known, end + 2)
    low, at = _character(pattern, at)
    if not low:
        return None
    if pattern[at : at + 1] != "-" or pattern[at + 1 : at + 2] in ("", "]"):
        return _literal(low), at
    high, at = _character(pattern, at + 1)
    if not high:
        return None
    return (f"{_literal(low)}-{_literal(high)}" if low <= high else ""), at


def _character(pattern: str, at: int) -> tuple[str, int]:
    at += pattern[at : at + 1] == "\\"
    return pattern[at : at + 1], at + 1
