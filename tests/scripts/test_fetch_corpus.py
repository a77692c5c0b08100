"""Pinned packages are downloaded once, checked, and never seen half unpacked."""

import json
import re
import sys
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import fetch_corpus
import pytest
from fetch_corpus import CORPORA, FetchError, corpus_dir, main, source_files

VERSION = CORPORA["express"].version
FakeNpm = Callable[..., Path]
Package = Callable[..., bytes]


@pytest.fixture
def package() -> Package:
    def build(version: str = VERSION, *, folder: str = "package", **files: str) -> bytes:
        members = {"package.json": json.dumps({"name": "express", "version": version})}
        members |= {name.replace("__", "."): text for name, text in files.items()}
        return archive({f"{folder}/{name}": text for name, text in members.items()})

    return build


def archive(members: dict[str, str]) -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, BytesIO(text.encode()))
    return buffer.getvalue()


def test_package_is_downloaded_and_unpacked(fake_npm: FakeNpm, package: Package) -> None:
    calls = fake_npm(package(index__js="let a"))
    found = corpus_dir("express")
    assert (found / "index.js").read_text() == "let a"
    assert calls.read_text().split()[-1] == f"express@{VERSION}"


def test_present_package_is_not_downloaded_again(fake_npm: FakeNpm, package: Package) -> None:
    calls = fake_npm(package())
    assert corpus_dir("express") == corpus_dir("express")
    assert len(calls.read_text().splitlines()) == 1


def test_nothing_but_the_package_is_left_behind(
    fake_npm: FakeNpm, package: Package, corpus_root: Path
) -> None:
    fake_npm(package())
    corpus_dir("express")
    assert [path.name for path in corpus_root.iterdir()] == [f"express-{VERSION}"]


def test_archive_may_name_its_folder_as_it_likes(fake_npm: FakeNpm, package: Package) -> None:
    fake_npm(package(folder="node"))
    assert (corpus_dir("express") / "package.json").is_file()


def test_other_version_is_refused(fake_npm: FakeNpm, package: Package, corpus_root: Path) -> None:
    fake_npm(package(version="0.0.1"))
    with pytest.raises(FetchError, match=re.escape("got express@0.0.1")):
        corpus_dir("express")
    assert list(corpus_root.iterdir()) == []


@pytest.mark.parametrize("manifest", ["", "[]", "{}"])
def test_package_without_a_manifest_is_refused(fake_npm: FakeNpm, manifest: str) -> None:
    fake_npm(archive({"package/package.json": manifest}))
    with pytest.raises(FetchError, match="no readable package"):
        corpus_dir("express")


def test_archive_that_leaves_its_folder_is_refused(
    fake_npm: FakeNpm, corpus_root: Path, tmp_path: Path
) -> None:
    fake_npm(archive({"package/package.json": "{}", "../../../escaped": "!"}))
    with pytest.raises(FetchError, match="cannot unpack express"):
        corpus_dir("express")
    assert not (tmp_path / "escaped").exists()
    assert list(corpus_root.iterdir()) == []


def test_damaged_archive_is_refused(fake_npm: FakeNpm, package: Package) -> None:
    fake_npm(package()[:-30])
    with pytest.raises(FetchError, match="cannot unpack express"):
        corpus_dir("express")


def test_archive_of_several_folders_is_refused(fake_npm: FakeNpm) -> None:
    fake_npm(archive({"a/package.json": "{}", "b/package.json": "{}"}))
    with pytest.raises(FetchError, match="2 entries"):
        corpus_dir("express")


def test_what_another_run_finished_meanwhile_is_taken(
    fake_npm: FakeNpm, package: Package, corpus_root: Path
) -> None:
    fake_npm(package(), rival=corpus_root / f"express-{VERSION}")
    found = corpus_dir("express")
    assert (found / "package.json").read_text() == "the other's"
    assert list(corpus_root.iterdir()) == [found]


def test_file_in_the_way_is_reported(
    fake_npm: FakeNpm, package: Package, corpus_root: Path
) -> None:
    fake_npm(package())
    corpus_root.mkdir()
    (corpus_root / f"express-{VERSION}").touch()
    with pytest.raises(FetchError, match=f"cannot put express@{VERSION}"):
        corpus_dir("express")


def test_missing_npm_is_reported(
    corpus_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(FetchError, match="there is no npm; install"):
        corpus_dir("express")


def test_npm_is_quoted_where_it_fails(fake_npm: FakeNpm) -> None:
    fake_npm(status=1, complaint="code E404")
    with pytest.raises(FetchError, match="npm pack failed: code E404; check the name, the network"):
        corpus_dir("express")


def test_npm_that_brings_nothing_is_reported(fake_npm: FakeNpm) -> None:
    fake_npm()
    with pytest.raises(FetchError, match="got 0 archives"):
        corpus_dir("express")


def test_folder_that_cannot_be_made_is_reported(
    fake_npm: FakeNpm, corpus_root: Path, tmp_path: Path
) -> None:
    fake_npm()
    corpus_root.touch()
    with pytest.raises(FetchError, match="set CHUNKFLOW_CORPUS_DIR"):
        corpus_dir("express")


def test_unknown_name_is_reported_with_those_there_are(corpus_root: Path) -> None:
    with pytest.raises(FetchError, match="no corpus 'expres'; there are: viem"):
        corpus_dir("expres")


def test_folder_is_in_the_users_cache_unless_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CHUNKFLOW_CORPUS_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch_corpus.corpus_root() == tmp_path / ".cache" / "chunkflow" / "corpus"


def test_sources_are_of_the_wanted_suffixes_and_in_order(
    fake_npm: FakeNpm, package: Package
) -> None:
    fake_npm(package(b__ts="", a__ts="", a__d__ts="", c__tsx="", d__d__mts="", e__mts=""))
    assert source_files("express") == []
    found = source_files("express", suffixes=(".ts",))
    assert [path.name for path in found] == ["a.ts", "b.ts"]
    found = source_files("express", suffixes=(".d.ts", ".d.mts"))
    assert [path.name for path in found] == ["a.d.ts", "d.d.mts"]


def test_command_prints_where_and_how_much(
    fake_npm: FakeNpm, package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_npm(package(a__js="12345", b__js="678", c__ts="9"))
    assert main(["express"]) == 0
    printed = capsys.readouterr().out
    assert printed == f"express: {corpus_dir('express')}: 2 files, 8 bytes\n"


def test_command_goes_on_after_a_failure(
    fake_npm: FakeNpm, package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_npm(package())
    assert main(["nonsense", "express"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("fetch_corpus: no corpus 'nonsense'")
    assert printed.out.startswith("express: ")


@pytest.mark.packages
@pytest.mark.parametrize(("name", "file_count"), [("viem", 1494), ("effect", 627), ("rxjs", 251)])
def test_pinned_packages_hold_the_files_that_figures_are_given_for(
    name: str, file_count: int
) -> None:
    assert len(source_files(name)) == file_count
