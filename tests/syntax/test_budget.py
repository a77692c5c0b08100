import pytest
from tree_sitter import Node

from chunkflow.errors import TimeLimitReached
from chunkflow.syntax import budget
from chunkflow.syntax.budget import Budget, Deadline
from chunkflow.syntax.languages import make_parser

HANG = b"<x {{y:>z:w(u v)$"
CODE = b"const a = [1, 2, 3];\n" * 2000


def test_text_that_is_parsed_for_ever_has_no_tree() -> None:
    assert Budget(len(HANG)).parse(make_parser("tsx"), HANG, len(HANG)) is None


def test_parser_is_as_before_afterwards() -> None:
    used = make_parser("tsx")
    Budget(len(HANG)).parse(used, HANG, len(HANG))
    root = Budget(len(CODE)).parse(used, CODE, len(CODE))
    assert root is not None
    assert (root.has_error, root.end_byte) == (False, len(CODE))


def test_parses_of_one_text_share_a_budget() -> None:
    shared, used = Budget(len(HANG)), make_parser("tsx")
    for _ in range(8):
        shared.parse(used, HANG, len(HANG))
    assert shared.parse(used, b"a", 1) is None


def test_place_of_an_error_is_told() -> None:
    source = CODE + b"let odd = ( @ # )\n" + CODE
    root, error = Budget(len(source)).parse_to_error(make_parser("typescript"), source, len(source))
    assert root is None or root.has_error
    assert root is not None or error >= len(CODE) - 100


def test_deadline_ends_a_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(budget, "monotonic", lambda: float(next(clock)))
    with pytest.raises(TimeLimitReached, match="it took longer than 1 s"):
        Budget(len(CODE), Deadline(1.0)).parse(make_parser("typescript"), CODE, len(CODE))


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_signal_ends_a_parse(
    monkeypatch: pytest.MonkeyPatch, signal: type[BaseException]
) -> None:
    used = make_parser("typescript")

    def interrupt(_self: Deadline) -> None:
        raise signal

    with monkeypatch.context() as patch:
        patch.setattr(Deadline, "check", interrupt)
        with pytest.raises(signal):
            Budget(len(CODE)).parse(used, CODE, len(CODE))
    root: Node | None = Budget(1).parse(used, b"a", 1)
    assert root is not None
    assert root.end_byte == 1


def test_parse_that_fills_the_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter(range(0, 10**12, 1 << 30))
    monkeypatch.setattr(budget, "_read_resident_bytes", lambda: next(sizes))
    assert Budget(len(CODE)).parse(make_parser("typescript"), CODE, len(CODE)) is None
