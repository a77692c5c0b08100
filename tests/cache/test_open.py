import sys
from pathlib import Path

import pytest

from chunkflow.cache.open import open_store
from chunkflow.errors import CacheError, SettingsError


@pytest.mark.parametrize(
    ("l3", "name"), [("sqlite", "SqliteStore"), ("diskcache", "DiskcacheStore")]
)
def test_the_store_that_was_named_is_opened(
    l3: str, name: str, directory: Path, told: list[str]
) -> None:
    store = open_store(directory, l3=l3, limit_bytes=1 << 20, warn=told.append)
    assert type(store).__name__ == name
    store.close()
    assert told == []


def test_the_default_needs_no_extra(
    directory: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diskcache", None)
    store = open_store(directory, limit_bytes=1 << 20, warn=told.append)
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a"]) == {b"a": b"1"}
    store.close()


def test_without_the_extra_the_error_says_how_to_get_it(
    directory: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diskcache", None)
    monkeypatch.delitem(sys.modules, "chunkflow.cache.diskcache", raising=False)
    with pytest.raises(SettingsError) as error:
        open_store(directory, l3="diskcache", limit_bytes=1 << 20, warn=told.append)
    assert 'pip install "chunkflow[diskcache]"' in str(error.value)
    assert not directory.exists()


@pytest.mark.parametrize("l3", ["sqlite", "diskcache"])
def test_a_link_out_of_the_project_is_refused(l3: str, tmp_path: Path, told: list[str]) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "cache").symlink_to(outside)
    with pytest.raises(CacheError, match="which is not below the project"):
        open_store(
            project / "cache", l3=l3, limit_bytes=1 << 20, warn=told.append, inside=str(project)
        )
    assert list(outside.iterdir()) == []
