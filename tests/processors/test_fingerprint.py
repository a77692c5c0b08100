"""A fingerprint changes with everything that results depend on, and with nothing else."""

from pathlib import Path

from chunkflow.processors.fingerprint import fingerprint, parts_of


def test_order_of_settings_is_no_matter() -> None:
    assert fingerprint("a", "1", {"b": 1, "c": 2}) == fingerprint("a", "1", {"c": 2, "b": 1})


def test_name_version_settings_and_files_matter(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "b.py").write_text("b")
    prints = {
        fingerprint("a", "1", {}),
        fingerprint("b", "1", {}),
        fingerprint("a", "2", {}),
        fingerprint("a", "1", {"c": 1}),
        fingerprint("a", "1", {"c": "1"}),
        fingerprint("a", "1", {}, str(tmp_path / "a.py")),
        fingerprint("a", "1", {}, str(tmp_path / "b.py")),
    }
    assert len(prints) == 7


def test_all_modules_of_a_package_matter(tmp_path: Path) -> None:
    prints = set()
    for number, text in enumerate("abb"):
        package = tmp_path / str(number)
        package.mkdir()
        (package / "__init__.py").write_text("same")
        (package / "part.py").write_text(text)
        (package / "data.txt").write_text(str(number))
        prints.add(fingerprint("a", "1", {}, str(package / "__init__.py")))
    assert len(prints) == 2


def test_settings_that_json_does_not_know_count_by_their_text() -> None:
    assert fingerprint("a", "1", {"b": {1, 2}}) != fingerprint("a", "1", {"b": {1, 3}})


def test_parts_tell_settings_from_source(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("a")
    other = tmp_path / "b.py"
    other.write_text("b")
    parts = parts_of({"c": 1}, str(file))
    assert sorted(parts) == ["settings", "source"]
    assert parts_of({"c": 2}, str(file)) == {**parts, "settings": parts_of({"c": 2})["settings"]}
    assert parts_of({"c": 1}, str(other)) == {**parts, "source": parts_of({}, str(other))["source"]}
    assert parts_of({"c": 2})["settings"] != parts["settings"]
    assert parts_of({}, str(other))["source"] != parts["source"]
