"""A digest changes with everything that results depend on, and with nothing else."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chunkflow.processors.fingerprint import (
    digest_cutting,
    digest_facts,
    digest_rules,
    digest_source,
)

Folder = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Makes a folder of files with the given texts."""
    numbers = iter(range(100))

    def make(**files: str) -> str:
        place = tmp_path / str(next(numbers))
        place.mkdir()
        for name, text in files.items():
            (place / name.replace("_", ".")).write_text(text)
        return str(place)

    yield make
    digest_source.cache_clear()


def test_order_of_settings_matters() -> None:
    """A function may go by it: the first rule that fits, say."""
    assert digest_facts({"b": 1, "c": 2}) != digest_facts({"c": 2, "b": 1})


def test_names_and_values_of_settings_matter() -> None:
    facts: list[dict[str, object]] = [{}, {"c": 1}, {"c": "1"}, {"c": 2}, {"d": 1}, {"c": {"d": 1}}]
    assert len(set(map(digest_facts, facts))) == len(facts)


def test_settings_that_json_does_not_know_count_by_their_text() -> None:
    assert digest_facts({"b": {1, 2}}) != digest_facts({"b": {1, 3}})


def test_all_modules_of_a_package_matter(folder: Folder) -> None:
    folders = [
        folder(__init___py="same", part_py=text, data_txt=str(number))
        for number, text in enumerate("abb")
    ]
    assert len(set(map(digest_source, folders))) == 2


def test_name_of_a_module_matters(folder: Folder) -> None:
    assert digest_source(folder(a_py="x")) != digest_source(folder(b_py="x"))


@pytest.mark.parametrize("suffix", ["pyc", "so"])
def test_modules_without_a_source_matter(folder: Folder, suffix: str) -> None:
    one, other = (folder(**{f"a_{suffix}": text}) for text in "ab")
    assert digest_source(one) != digest_source(other)


def test_text_belongs_to_its_module(folder: Folder) -> None:
    """What one module loses and the next one gains is a change."""
    assert digest_source(folder(a_py="ab", b_py="c")) != digest_source(folder(a_py="a", b_py="bc"))


def test_folders_below_do_not_matter(folder: Folder) -> None:
    one, other = folder(a_py="x"), folder(a_py="x")
    os.mkdir(os.path.join(other, "below"))
    Path(other, "below", "b.py").write_text("y")
    assert digest_source(one) == digest_source(other)


def test_each_folder_matters(folder: Folder) -> None:
    one, other = folder(a_py="x"), folder(a_py="y")
    assert len({digest_source(one), digest_source(other), digest_source(one, other)}) == 3


def test_rules_for_results_and_for_cutting_have_digests_of_their_own() -> None:
    digests = {digest_rules(), digest_cutting()}
    assert [len(bytes.fromhex(digest)) for digest in digests] == [16, 16]
