import pytest

from chunkflow.syntax.repair.code import Code, Edit


def test_brackets_are_paired_around_what_is_no_code() -> None:
    code = Code(b"f({ a: ')' /* ] */, b: [1] })")
    assert code.find_closing(1) == 28
    assert code.find_closing(2) == 27
    assert code.find_opening(28) == 1
    assert code.find_enclosing(24) == 23
    assert code.find_enclosing(5) == 2
    assert code.find_enclosing(0) == -1


def test_bracket_that_has_no_other_has_no_place() -> None:
    code = Code(b"(]")
    assert (code.find_closing(0), code.find_opening(1)) == (-1, -1)
    assert code.find_enclosing(2) == 0


@pytest.mark.parametrize(
    ("source", "end"),
    [
        (b"<A>", 2),
        (b"<A extends (b: C) => D>", 22),
        (b"<A, B<C>>(", 8),
        (b"<{ a: A; b: B }>", 15),
        (b"<A;>", -1),
        (b"<A)>", -1),
        (b"<A", -1),
    ],
)
def test_type_arguments_end_where_their_angle_closes(source: bytes, end: int) -> None:
    code = Code(source)
    assert code.find_angle_closing(0) == end
    if end >= 0:
        assert code.find_angle_opening(end) == 0


@pytest.mark.parametrize("source", [b"A>", b"(A>", b"<A; B>"])
def test_angle_that_closes_nothing_opens_nowhere(source: bytes) -> None:
    assert Code(source).find_angle_opening(len(source) - 1) == -1


def test_type_arguments_may_be_long() -> None:
    source = b"a<{ b: " + b"C[], d: " * 100 + b"E }>"
    assert Code(source).find_angle_opening(len(source) - 1) == 1


def test_searches_that_find_nothing_come_to_an_end() -> None:
    code = Code(b"<" * 10_000)
    assert all(code.find_angle_closing(start) == -1 for start in range(10_000))
    code = Code(b">" * 10_000)
    assert all(code.find_angle_opening(end) == -1 for end in range(10_000))
    assert not code.spend(1)


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        (b"a", True),
        (b"a /* b */", True),
        (b"a" + b" " * 500, True),
        (b")", True),
        (b"'a'", True),
        (b"A<B>", True),
        (b"a!", True),
        (b"a.in", True),
        (b"a.typeof!", True),
        (b"", False),
        (b" " * 500, False),
        (b"=>", False),
        (b"a +", False),
        (b"typeof", False),
        (b"return !", False),
        (b"!", False),
    ],
)
def test_operand_ends_with_a_bracket_a_text_or_a_name(before: bytes, *, ends: bool) -> None:
    assert Code(before).ends_operand(len(before)) is ends


@pytest.mark.parametrize(
    ("before", "starts"),
    [(b"", True), (b" ", True), (b"...", True), (b".", False), (b"a", False), (b"$", False)],
)
def test_word_starts_where_no_name_and_no_access_goes_on(before: bytes, *, starts: bool) -> None:
    assert Code(before + b"as").starts_word(len(before)) is starts


def test_edits_keep_line_ends() -> None:
    code = Code(b"in\r\nout T")
    assert code.blank(0, 7) == Edit(0, b"  \r\n   ")
    assert code.put_name(0, 7) == Edit(0, b"__\r\n   ")
    assert code.replace(4, 9, b"a") == Edit(4, b"a    ")
    assert code.rename(0, 2) == Edit(0, b"i_")
    assert code.blank(0, 7).end == 7


def test_name_stands_on_the_first_line_that_has_text() -> None:
    assert Code(b"(\n  a\n  .b\n)").put_name(1, 11) == Edit(1, b"\n  _\n    \n")
