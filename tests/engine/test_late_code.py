"""Code that was loaded late is known to the next run, and a record leads to no file but code."""

import json
import os
from pathlib import Path

import pytest

from chunkflow.cache.keys import make_late_code_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.late_code import find_late_code, keep_late_code
from chunkflow.engine.options import RunProcessor
from chunkflow.processors.code import digest_distribution, digest_file

BASE, OTHER = b"b" * 16, b"o" * 16
PROCESSOR = RunProcessor("rules:late", b"r" * 16, base=BASE)


@pytest.fixture
def late(project: Path) -> Path:
    path = project / "sub" / "late.py"
    path.parent.mkdir()
    path.write_text("x = 1")
    return path


def known(tiers: Tiers, project: Path, base: bytes = BASE) -> dict[str, str]:
    return find_late_code(tiers, base, str(project))


def keep(tiers: Tiers, project: Path, **code: Path | str) -> None:
    keep_late_code(tiers, PROCESSOR, str(project), {name: str(path) for name, path in code.items()})


def test_nothing_is_known_at_first(tiers: Tiers, project: Path) -> None:
    assert known(tiers, project) == {}


def test_what_was_kept_is_known_by_its_digest(tiers: Tiers, project: Path, late: Path) -> None:
    keep(tiers, project, late=late)
    assert known(tiers, project) == {"late": digest_file(str(late))}
    assert known(tiers, project, OTHER) == {}


def test_digest_is_of_the_file_as_it_is_now(tiers: Tiers, project: Path, late: Path) -> None:
    keep(tiers, project, late=late)
    before = known(tiers, project)
    late.write_text("x = 2")
    assert known(tiers, project) == {"late": digest_file(str(late))} != before


def test_module_that_is_gone_is_known_without_a_digest(
    tiers: Tiers, project: Path, late: Path
) -> None:
    keep(tiers, project, late=late)
    late.unlink()
    assert known(tiers, project) == {"late": ""}


def test_what_was_kept_before_stays(tiers: Tiers, project: Path, late: Path) -> None:
    (project / "later.py").write_text("y = 1")
    keep(tiers, project, late=late)
    keep(tiers, project, later=project / "later.py")
    assert known(tiers, project).keys() == {"late", "later"}


def test_record_holds_no_path_of_this_machine(tiers: Tiers, project: Path, late: Path) -> None:
    keep(tiers, project, late=late)
    key = make_late_code_key(BASE)
    payload = tiers.get_many([key])[key].payload
    assert str(project).encode() not in payload
    assert json.loads(payload) == {"late": os.path.join("sub", "late.py")}


def test_module_is_found_in_another_place_of_the_project(
    tiers: Tiers, project: Path, late: Path, tmp_path: Path
) -> None:
    keep(tiers, project, late=late)
    digest = digest_file(str(late))
    moved = tmp_path / "moved"
    project.rename(moved)
    assert find_late_code(tiers, BASE, str(moved)) == {"late": digest}


def test_module_outside_the_project_is_found_on_the_search_path(
    tiers: Tiers, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.syspath_prepend(str(outside))
    (outside / "late.py").write_text("x = 1")
    keep(tiers, project, late=outside / "late.py")
    assert known(tiers, project) == {"late": digest_file(str(outside / "late.py"))}


def test_distribution_is_known_by_its_list_of_files(tiers: Tiers, project: Path) -> None:
    code = {"distribution pytest": "", "distribution no-such-thing": ""}
    keep_late_code(tiers, PROCESSOR, str(project), code)
    assert digest_distribution("pytest")
    assert known(tiers, project) == {
        "distribution pytest": digest_distribution("pytest"),
        "distribution no-such-thing": "",
    }


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"{",
        b"7",
        b"null",
        b"[]",
        b'["late"]',
        b'{"late": 1}',
        b'{"late": null}',
        b'{"late": ["late.py"]}',
        b"[" * 100_000,
        json.dumps({str(number): "late.py" for number in range(10_001)}).encode(),
    ],
)
def test_damaged_record_is_nothing_and_is_replaced(
    tiers: Tiers, project: Path, late: Path, payload: bytes
) -> None:
    tiers.put_many([(make_late_code_key(BASE), payload)])
    assert known(tiers, project) == {}
    keep(tiers, project, late=late)
    assert known(tiers, project) == {"late": digest_file(str(late))}


def test_path_that_leads_out_of_the_project_is_not_opened(tiers: Tiers, project: Path) -> None:
    (project.parent / "secret.py").write_text("x = 1")
    (project / "sub").mkdir()
    paths = {
        "upward": "../secret.py",
        "down and upward": "sub/../../secret.py",
        "absolute": str(project.parent / "secret.py"),
        "empty": "",
        "no path": "a\0b",
        "directory": "sub",
    }
    tiers.put_many([(make_late_code_key(BASE), json.dumps(paths).encode())])
    assert known(tiers, project) == dict.fromkeys(paths, "")


def test_pipe_is_not_opened(tiers: Tiers, project: Path) -> None:
    """To open one would wait for ever."""
    os.mkfifo(project / "pipe.py")
    tiers.put_many([(make_late_code_key(BASE), json.dumps({"pipe": "pipe.py"}).encode())])
    assert known(tiers, project) == {"pipe": ""}
