import os
from pathlib import Path

import pytest

from chunkflow.engine.discover import files_from, split_names


@pytest.mark.parametrize(
    ("text", "null", "names"),
    [
        (b"", False, []),
        (b"a.ts\nb c.ts\n", False, ["a.ts", "b c.ts"]),
        (b"a.ts\r\n\r\nb.ts", False, ["a.ts", "b.ts"]),
        (b"a.ts\0new\nline.ts\0", True, ["a.ts", "new\nline.ts"]),
        (b"a.ts\r\0", True, ["a.ts\r"]),
        (b"\xff.ts\n", False, [os.fsdecode(b"\xff.ts")]),
    ],
)
def test_list_gives_a_name_a_line_or_a_nul(text: bytes, null: bool, names: list[str]) -> None:
    assert files_from(text, null=null) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.ts,b.ts", ["a.ts", "b.ts"]),
        ("a.ts", ["a.ts"]),
        (" a.ts, b.ts ,", ["a.ts", "b.ts"]),
        ("", []),
    ],
)
def test_names_are_split_at_commas(text: str, names: list[str], tmp_path: Path) -> None:
    assert split_names(text, cwd=str(tmp_path)) == names


def test_file_with_a_comma_in_its_name_is_not_split(tmp_path: Path) -> None:
    (tmp_path / "a,b.ts").write_text("x")
    assert split_names("a,b.ts", cwd=str(tmp_path)) == ["a,b.ts"]
    assert split_names("a,b.ts", cwd="/") == ["a", "b.ts"]
