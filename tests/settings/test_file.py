import os
import re
from pathlib import Path

import pytest

from chunkflow.errors import SettingsError
from chunkflow.settings import Settings, load_settings


def load(start: Path, *, file: Path | str | None = None) -> Settings:
    return load_settings(start, file=file, environ={}, overrides={})


def message_of(text: str | bytes, project: Path, *, name: str = "chunkflow.toml") -> str:
    data = text if isinstance(text, bytes) else text.encode()
    (project / name).write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        load(project)
    return str(caught.value)


def test_nearest_file_upward_counts(project: Path) -> None:
    deep = project / "packages" / "a" / "src"
    deep.mkdir(parents=True)
    (project / "chunkflow.toml").write_text("timeout = 1\n")
    (project / "packages" / "chunkflow.toml").write_text("timeout = 2\n")
    settings = load(deep)
    assert settings.timeout == 2
    assert settings.root == str(project / "packages")


def test_table_in_pyproject_counts(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\nname = "chunkflow-user"\n\n[tool.chunkflow]\ntimeout = 3\n'
        "[tool.chunkflow.cache]\nttl_s = 9\n"
    )
    settings = load(project)
    assert (settings.timeout, settings.cache.ttl_s) == (3, 9)
    assert settings.origin["timeout"] == "pyproject.toml:5"
    assert settings.origin["cache.ttl_s"] == "pyproject.toml:7"


@pytest.mark.parametrize(
    "text",
    [
        "[project]\nname = 'x'\n",
        "[project]\ndependencies = ['chunkflow']\n",
        "tool = 'chunkflow'\n",
    ],
)
def test_pyproject_without_the_table_is_passed_by(project: Path, text: str) -> None:
    inner = project / "inner"
    inner.mkdir()
    (project / "chunkflow.toml").write_text("timeout = 4\n")
    (inner / "pyproject.toml").write_text(text)
    assert load(inner).timeout == 4


def test_broken_pyproject_of_someone_else_is_passed_by(project: Path) -> None:
    (project / "pyproject.toml").write_text("[broken\n")
    assert load(project).origin["timeout"] == "default"


def test_chunkflow_toml_goes_before_pyproject_beside_it(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.chunkflow]\ntimeout = 5\n")
    (project / "chunkflow.toml").write_text("timeout = 6\n")
    assert load(project).timeout == 6


def test_without_a_file_the_root_is_the_top_of_the_work_tree(project: Path) -> None:
    inner = project / "inner"
    inner.mkdir()
    assert load(inner).root == str(project)


def test_git_file_of_a_worktree_marks_the_top_too(project: Path) -> None:
    inner = project / "worktree" / "src"
    inner.mkdir(parents=True)
    (project / "worktree" / ".git").write_text("gitdir: /elsewhere\n")
    assert load(inner).root == str(project / "worktree")


def test_outside_git_the_root_is_where_it_started(tmp_path: Path) -> None:
    assert load(tmp_path).root == str(tmp_path)


def test_named_file_counts_alone(project: Path) -> None:
    (project / "chunkflow.toml").write_text("timeout = 1\nfail_on = 'never'\n")
    (project / "ci").mkdir()
    (project / "ci" / "strict.toml").write_text("timeout = 2\n")
    settings = load(project, file="ci/strict.toml")
    assert (settings.timeout, settings.fail_on) == (2, "error")
    assert settings.origin["timeout"] == "ci/strict.toml:1"


def test_named_file_elsewhere_does_not_move_the_root(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text("timeout = 2\n")
    above = load(project, file=elsewhere)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c.toml").write_text("timeout = 2\n")
    beside = load(project, file=tmp_path / "other" / "c.toml")
    assert above.root == str(tmp_path)
    assert beside.root == str(project)
    assert beside.origin["timeout"] == f"{tmp_path}/other/c.toml:1"


def test_named_file_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"^cannot read no\.toml: no such file$"):
        load(project, file="no.toml")


def test_named_file_that_is_no_file_is_an_error(project: Path) -> None:
    os.mkfifo(project / "pipe.toml")
    for name in ("pipe.toml", ".git"):
        with pytest.raises(SettingsError, match=f"^cannot read {name}: it is not a file;"):
            load(project, file=name)


def test_named_pyproject_needs_the_table(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(
        SettingsError, match=r"^pyproject\.toml: it has no table \[tool.chunkflow\]"
    ):
        load(project, file="pyproject.toml")


def test_pipe_with_the_files_name_is_not_opened(project: Path) -> None:
    os.mkfifo(project / "chunkflow.toml")
    assert load(project).origin["timeout"] == "default"


def test_byte_order_mark_and_windows_lines_are_fine(project: Path) -> None:
    (project / "chunkflow.toml").write_bytes(b"\xef\xbb\xbftimeout = 1\r\nfail_on = 'never'\r\n")
    assert load(project).origin["fail_on"] == "chunkflow.toml:2"


def test_broken_toml_is_told_with_line_and_column(project: Path) -> None:
    message = message_of("timeout = 1\nfail_on = = 2\n", project)
    assert message.startswith("chunkflow.toml:2:11: not valid TOML: ")


def test_broken_toml_is_told_at_its_end(project: Path) -> None:
    message = message_of('timeout = 1\nfail_on = "err', project)
    assert message.startswith("chunkflow.toml:2:")
    assert "not valid TOML" in message


def test_endless_nesting_is_told(project: Path) -> None:
    message = message_of("include = " + "[" * 100_000, project)
    assert message == "chunkflow.toml: not valid TOML: nested too deeply"


def test_text_that_is_not_utf_8_is_told_with_its_line(project: Path) -> None:
    message = message_of(b"timeout = 1\n# \xff\n", project)
    assert message == "chunkflow.toml:2: not UTF-8; save the file as UTF-8"


def test_list_beside_tables_of_processors_is_told_what_to_write(project: Path) -> None:
    message = message_of('processors = ["metrics"]\n[processors.metrics]\nlimit = 3\n', project)
    assert message.startswith("chunkflow.toml:2:")
    assert message.endswith("next to [processors.NAME], write [processors] and enabled = [...]")


@pytest.mark.parametrize("name", ["chunkflow.toml", "pyproject.toml"])
def test_unknown_name_is_told_with_its_line(project: Path, name: str) -> None:
    table = "[tool.chunkflow]" if name == "pyproject.toml" else "# ours"
    message = message_of(f"\n{table}\ntimeout = 1\nparalel_operations = 4\n", project, name=name)
    assert message == (
        f'{name}:4: unknown setting "paralel_operations"; did you mean "parallel_operations"?'
    )


def test_wrong_type_is_told_with_its_line(project: Path) -> None:
    message = message_of('\n[cache]\nsize = "1 MB"\nttl_s = "long"\n', project)
    assert message == (
        'chunkflow.toml:4: "cache.ttl_s" must be a number of seconds above 0, not "long"'
    )


def test_name_in_an_inline_table_is_told_with_the_tables_line(project: Path) -> None:
    message = message_of("timeout = 1\ncache = { sise = 1 }\n", project)
    assert message == 'chunkflow.toml:2: unknown setting "cache.sise"; did you mean "cache.size"?'


REFUSALS = [
    # Each section with a name that there is not.
    ("timeot = 1", 2, 'unknown setting "timeot"; did you mean "timeout"?'),
    ("[cache]\nsise = 1", 3, 'unknown setting "cache.sise"; did you mean "cache.size"?'),
    ("[cache]\ntimeout = 1", 3, 'unknown setting "cache.timeout"; did you mean "timeout"?'),
    ("[cache.size]\nlimit = 1", 2, '"cache.size" must be a size such as 100000, "100MB" or'),
    ("[cache.sise]\nlimit = 1", 2, 'unknown setting "cache.sise"; did you mean "cache.size"?'),
    ("[cach]\nsize = 1", 2, 'unknown setting "cach"; did you mean "cache"?'),
    ("[cach]", 2, 'unknown setting "cach"; did you mean "cache"?'),
    ("cache.sise = 1", 2, 'unknown setting "cache.sise"; did you mean "cache.size"?'),
    ("timeout = 1\ncache . 'sise' = 1", 3, 'unknown setting "cache.sise"; did you mean'),
    ('"c\\u0061che"."\\u0073ise" = 1', 2, 'unknown setting "cache.sise"; did you mean'),
    ("cache = { l3 = 'sqlite', sise = 1 }", 2, 'unknown setting "cache.sise"; did you mean'),
    ("dir = 'a'", 2, 'unknown setting "dir"; did you mean "cache.dir"?'),
    ("[[cache]]\nsize = 1", 2, '"cache" must be a table, not [a table]'),
    ("[[timeout]]\nsize = 1", 2, '"timeout" must be a number of seconds, or 0 for no limit, not'),
    ("[timeout]\ns = 1", 2, '"timeout" must be a number of seconds, or 0 for no limit, not a tab'),
    ("cache = 'x'", 2, '"cache" must be a table, not "x"'),
    # What may be a setting one day.
    ("[thresholds]\nmemory_mb = 60", 2, 'unknown setting "thresholds"'),
    ("[optimization]\nauto = true", 2, 'unknown setting "optimization"'),
    ("large_file_bytes = 1", 2, 'unknown setting "large_file_bytes"'),
    ("known_large_files = []", 2, 'unknown setting "known_large_files"'),
    ("[[overrides]]\nfiles = ['a']", 2, 'unknown setting "overrides"'),
    ("cluster = 'x'", 2, 'unknown setting "cluster"'),
    # Processors.
    ("processors = 3", 2, '"processors" must be a list of strings, not 3'),
    ("[[processors]]\nname = 'a'", 2, '"processors" must be a list of strings that are not empty'),
    ("[processors]\nenabld = ['a']", 3, 'unknown setting "processors.enabld"; did you mean "proc'),
    ("[processors]\nenabled = 'a'", 3, '"processors" must be a list of strings, not "a"'),
    ("[processors.enabled]\na = 1", 2, '"processors" must be a list of strings, not a table'),
    ("[processors]\nmetrics = 3", 3, '"processors.metrics" must be a table, not 3'),
    ("[[processors.metrics]]\na = 1", 2, '"processors.metrics" must be a table, not [a table]'),
    # Wrong types.
    ("timeout = true", 2, '"timeout" must be a number of seconds, or 0 for no limit, not true'),
    ("timeout = nan", 2, '"timeout" must be a number of seconds, or 0 for no limit, not nan'),
    ("[cache]\nl3 = 1", 3, '"cache.l3" must be one of "sqlite", "diskcache", not 1'),
    (
        "[cache]\nsize = []",
        3,
        '"cache.size" must be a size such as 100000, "100MB" or "64 KiB", no',
    ),
    (f"[cache]\nsize = 0x{'f' * 5000}", 3, '"cache.size" must be a size such as 100000, "100MB"'),
]


@pytest.mark.parametrize("name", ["chunkflow.toml", "pyproject.toml"])
@pytest.mark.parametrize(("text", "line", "message"), REFUSALS)
def test_what_cannot_be_is_told_with_file_line_key_and_nearest_right_one(
    project: Path, name: str, text: str, line: int, message: str
) -> None:
    if name == "pyproject.toml":
        tables = re.sub(r"^(\[+)", r"\1tool.chunkflow.", text, flags=re.MULTILINE)
        text = f"[tool.chunkflow]\n{tables}"
    else:
        text = f"# ours\n{text}"
    assert message_of(text, project, name=name).startswith(f"{name}:{line}: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool]\nchunkflow = 3", 'pyproject.toml:2: "tool.chunkflow" must be a table, not 3'),
        ("[[tool.chunkflow]]", 'pyproject.toml:1: "tool.chunkflow" must be a table, not [a table]'),
        ("[tool]\nchunkflow.cache.sise = 1", 'pyproject.toml:2: unknown setting "cache.sise"; did'),
        ("tool.chunkflow = { timeot = 1 }", 'pyproject.toml:1: unknown setting "timeot"; did you'),
    ],
)
def test_table_in_pyproject_may_be_written_in_any_way(
    project: Path, text: str, message: str
) -> None:
    assert message_of(text, project, name="pyproject.toml").startswith(message)


def test_date_is_no_value_of_ours(project: Path) -> None:
    message = message_of("timeout = 2020-01-01\n", project)
    assert message.endswith("not a date")


def test_unreadable_file_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The file is taken away between the look and the opening, which root cannot read either.
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: path.endswith(".toml") or isfile(path))
    with pytest.raises(SettingsError, match=r"^cannot read chunkflow\.toml: no such file"):
        load(project)
