"""What ignores what is asked of git itself: the same tree is searched by git and without it."""

from pathlib import Path

import pytest
from effort import count_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunkflow.engine.discover import discover

NAMES = [
    "a.ts",
    "ab.ts",
    "b.ts",
    "[a].ts",
    "!a.ts",
    "#a.ts",
    "a b.ts",
    "trail .ts",
    "x/a.ts",
    "x/b.ts",
    "x/a/b.ts",
    "x/y/a.ts",
    "x/y/z/b.ts",
    "a/x/b.ts",
    "a/b/x/y/b.ts",
    "A/5.ts",
    "a-b/].ts",
    "a\\b.ts",
    "x.ts/a.ts",
]


@pytest.fixture
def tree(repository: Path) -> Path:
    for name in NAMES:
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return repository


def by_git_and_without(tree: Path, rules: str, inner_rules: str) -> tuple[list[str], list[str]]:
    (tree / ".gitignore").write_bytes(rules.encode())
    (tree / "x" / ".gitignore").write_bytes(inner_rules.encode())

    def found() -> list[str]:
        result = discover(None, root=str(tree), cwd=str(tree))
        assert result.problems == []
        return result.files

    by_git = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nowhere")
        return by_git, found()


@pytest.mark.parametrize(
    "rules",
    [
        "*\n!*/\n!a.ts\n",
        "/*\n!/x\n",
        "x\n!x/\n",
        "x/\n",
        "x/**\n!x/a.ts\n",
        "x/*\n!x/y\n",
        "x/y/z\n",
        "/a.ts\n",
        "**/a.ts\n",
        "**/y/**\n",
        "a/**/b.ts\n",
        "a/**\n",
        "x**/b.ts\n",
        "x/[y]**/b.ts\n",
        "/x**\n",
        "***/b.ts\n",
        "**\n",
        "/**\n",
        "?.ts\n",
        "[ab].ts\n",
        "[!a].ts\n",
        "[^a-c].ts\n",
        "[]].ts\n",
        "a-b/[]-]*\n",
        "[z-a].ts\n",
        "[!z-a].ts\n",
        "[[:alpha:]].ts\n",
        "[[:digit:][:punct:]]*.ts\n",
        "[[:nonsense:]]*\n",
        "[a\n*.ts",
        "[a-\n",
        "[a-\\\n",
        "[[:alpha\n",
        "[\\]a].ts\n",
        "[a\\\n",
        "[a-\\b].ts\n",
        "\\[a\\].ts\n",
        "\\!a.ts\n\\#a.ts\n",
        "!a.ts\n#a.ts\n",
        "a.ts  \n",
        "trail\\ .ts \n",
        "a\\ b.ts\\ \n",
        "*.ts\\\\ \n",
        "a\\\n",
        "\n \n\t\n*.ts",
        "!\n/\n//\n!/\n",
        "x//a.ts\n",
        "a\\\\b.ts\n",
        "[A-Z]\n",
        "x/y/\n!x/y/a.ts\n",
        "*.ts\r\n!a.ts\r\n",
        "x[/]a.ts\n",
        "x?a.ts\n",
        "x.ts\n!x.ts/\n",
    ],
)
def test_each_rule_means_what_it_means_to_git(tree: Path, rules: str) -> None:
    by_git, without = by_git_and_without(tree, rules, "")
    assert without == by_git


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/a/" * 30 + "b", "**/*a/" * 30 + "b"])
def test_hostile_pattern_takes_no_longer_than_another(folder: Path, pattern: str) -> None:
    deep = folder.joinpath(*["a"] * 90)
    deep.mkdir(parents=True)
    (deep / ("a" * 200 + ".ts")).write_text("x")
    found = discover(None, root=str(folder), cwd=str(folder), exclude=[pattern])
    assert len(found.files) == 1


GLOBS = ["*", "**", "?", "/", "/**/", "[ab]", "[!a]", "[a-z]", "\\", "-", "[", "]", "!", "#", " "]
PIECE = st.sampled_from([*GLOBS, "a", "b", "x", "y", ".ts", "a.ts", "x/"])
LINE = st.builds(
    lambda negated, pieces: "!" * negated + "".join(pieces),
    st.booleans(),
    st.lists(PIECE, min_size=1, max_size=5),
)
RULES = st.lists(LINE, max_size=4).map("\n".join)


@given(rules=RULES, inner_rules=RULES)
@settings(
    max_examples=count_examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_rules_mean_what_they_mean_to_git(tree: Path, rules: str, inner_rules: str) -> None:
    by_git, without = by_git_and_without(tree, rules, inner_rules)
    assert without == by_git
