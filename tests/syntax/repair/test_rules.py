from collections.abc import Callable
from pathlib import Path

import pytest
from tree_sitter import Node
from update_repairs import SUFFIX, case_files, repaired_text

from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.repair import repair_text
from chunkflow.syntax.repair.code import Code
from chunkflow.syntax.repair.rule import RepairRule
from chunkflow.syntax.repair.rules import COMMON, RARE
from chunkflow.syntax.suffixes import language_of

RULES = {rule.name: rule for rule in (*COMMON, *RARE)}
RULE_CASES = [path for path in case_files() if not path.name.startswith("jsx_")]
BROKEN = b"export type * from 'a'\n"
MENDED = b"export      * from 'a'\n"


def rule_of(path: Path) -> RepairRule:
    return RULES[path.name.split(".")[0]]


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_file_is_repaired_as_its_case_says(path: Path) -> None:
    assert repaired_text(path) == path.with_name(path.name + SUFFIX).read_bytes()


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_grammar_knows_all_of_a_repaired_case_and_not_of_the_case_itself(path: Path) -> None:
    parse = make_parser(language_of(path.name) or "").parse
    assert parse(path.read_bytes()).root_node.has_error
    assert not parse(repaired_text(path)).root_node.has_error


@pytest.mark.parametrize("path", RULE_CASES, ids=lambda path: path.name)
def test_case_is_of_its_rule(path: Path) -> None:
    code = Code(path.read_bytes())
    assert rule_of(path).concerns(code.text)
    assert list(rule_of(path).find(code))


def test_every_rule_has_a_case_and_every_expectation_its_input() -> None:
    assert sorted(rule_of(path).name for path in RULE_CASES) == sorted(RULES)
    inputs = {path.name + SUFFIX for path in case_files()}
    assert {path.name for path in case_files()[0].parent.glob("*" + SUFFIX)} == inputs


def quoted(text: bytes) -> bytes:
    """Text as the inside of a template or block comment."""
    for special in (b"`", b"\\", b"*/", b"$", b"\0"):
        text = text.replace(special, b" " * len(special))
    return text


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
@pytest.mark.parametrize(("opening", "closing"), [(b"/*", b"*/"), (b"f(`", b"`)"), (b"//", b"")])
def test_rules_find_nothing_in_comments_and_templates(
    parse: Callable[[bytes], Node], path: Path, opening: bytes, closing: bytes
) -> None:
    lines = quoted(path.read_bytes()).splitlines()
    body = b"\n//".join(lines) if opening == b"//" else b"\n".join(lines)
    hidden = opening + body + closing + b"\n"
    source = hidden + BROKEN
    assert repair_text(source, parse(source), parse, jsx=True)[0] == hidden + MENDED


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_rules_find_nothing_in_strings(parse: Callable[[bytes], Node], path: Path) -> None:
    lines = quoted(path.read_bytes()).replace(b'"', b"'").splitlines()
    hidden = b"".join(b'f("' + line + b'")\n' for line in lines)
    source = hidden + BROKEN
    assert repair_text(source, parse(source), parse, jsx=True)[0] == hidden + MENDED
