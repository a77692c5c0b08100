import pytest

from chunkflow.syntax.scan import find_boundaries, find_first_boundaries, split_pieces


def split(text: str) -> list[str]:
    source = text.encode()
    return [source[start:end].decode() for start, end in split_pieces(source)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a(); b();", ["a(); ", "b();"]),
        ("const a = 1\nconst b = 2", ["const a = 1\n", "const b = 2"]),
        ("function f() {\n  a();\n}\nb()", ["function f() {\n  a();\n}\n", "b()"]),
        ("if (a) {\n} else {\n}", ["if (a) {\n} else {\n}"]),
        ("export {\n  a\n}\nfrom 'x'", ["export {\n  a\n}\nfrom 'x'"]),
        ("@a()\nexport class A {}\nlet b", ["@a()\nexport class A {}\n", "let b"]),
        ("type A =\n  | B\n  | C\ntype D = E", ["type A =\n  | B\n  | C\n", "type D = E"]),
        ("a = '};{'\nvar b", ["a = '};{'\n", "var b"]),
        ("a = `;${`{`};`\nvar b", ["a = `;${`{`};`\n", "var b"]),
        ("a = /[/;{]/\nvar b", ["a = /[/;{]/\n", "var b"]),
        ("a = await /[/;{]/\nvar b", ["a = await /[/;{]/\n", "var b"]),
        ("yield /[/;{]/\nvar b", ["yield /[/;{]/\n", "var b"]),
        ("for (a of /[/;{]/.b) {\n}\nvar b", ["for (a of /[/;{]/.b) {\n}\n", "var b"]),
        ("a = b / c; d / e", ["a = b / c; ", "d / e"]),
        ("a() // ; {\nvar b", ["a() // ; {\n", "var b"]),
        ("a() /* ; */\n/* c */\nvar b", ["a() /* ; */\n/* c */\n", "var b"]),
    ],
)
def test_statements_part_where_they_surely_end(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_unclosed_brackets_end_at_the_next_declaration_of_the_first_column() -> None:
    assert split("function a( {\n  b()\nfunction c() {}\n") == [
        "function a( {\n  b()\n",
        "function c() {}\n",
    ]


def test_conflict_markers_are_pieces_of_their_own() -> None:
    text = "let a\n<<<<<<< HEAD\nlet b\n=======\nlet c\n>>>>>>> other\nlet d"
    assert split(text)[1:3] == ["<<<<<<< HEAD\n", "let b\n"]


def test_text_that_goes_on_may_have_brackets_open() -> None:
    source = b"let a\nfunction b() {\nlet c\n"
    assert [boundary.start for boundary in find_first_boundaries(source)] == [6]
    assert len(find_boundaries(source)) == 2


def test_a_comment_whose_end_is_yet_to_come_ends_nothing() -> None:
    assert list(find_first_boundaries(b"a();\n/* to be")) == []
