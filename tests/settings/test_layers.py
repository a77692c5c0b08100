from pathlib import Path

import pytest

from chunkflow.errors import SettingsError
from chunkflow.settings import Settings, load_settings


def load(**environ: str) -> Settings:
    return load_settings(".", environ=environ, overrides={})


def test_each_variable_gives_its_setting(project: Path) -> None:
    settings = load(
        CHUNKFLOW_CACHE_SIZE="100MB",
        CHUNKFLOW_PARALLEL_OPS="8",
        CHUNKFLOW_CACHE_DIR="/elsewhere",
    )
    assert settings.cache.size == 100_000_000
    assert settings.jobs == settings.parallel_operations == 8
    assert settings.cache_dir == "/elsewhere"
    assert settings.origin["cache.size"] == "CHUNKFLOW_CACHE_SIZE"


@pytest.mark.parametrize("text", ["1", "true", "no", "anything"])
def test_variable_without_effect_is_noted(project: Path, text: str) -> None:
    assert load(CHUNKFLOW_AUTO_OPTIMIZE=text).notes == (
        "CHUNKFLOW_AUTO_OPTIMIZE has no effect yet",
    )
    assert load(CHUNKFLOW_AUTO_OPTIMIZE=text)._replace(notes=()) == load()
    assert load(CHUNKFLOW_AUTO_OPTIMIZE=" ") == load()


def test_variable_goes_before_the_file(project: Path) -> None:
    (project / "chunkflow.toml").write_text("parallel_operations = 2\n")
    assert load(CHUNKFLOW_PARALLEL_OPS="3").parallel_operations == 3


def test_empty_variable_counts_as_not_set(project: Path) -> None:
    settings = load(CHUNKFLOW_PARALLEL_OPS="", CHUNKFLOW_CACHE_DIR=" ")
    assert settings == load()


def test_other_variables_with_the_prefix_are_let_be(project: Path) -> None:
    assert load(CHUNKFLOW_PATH="a.ts", CHUNKFLOW_PARALLEL="x") == load()


def test_directory_counts_from_the_current_directory(project: Path) -> None:
    assert load(CHUNKFLOW_CACHE_DIR="../c").cache_dir == str(project.parent / "c")


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("CHUNKFLOW_PARALLEL_OPS", "many", '"parallel_operations" must be a whole number of'),
        ("CHUNKFLOW_PARALLEL_OPS", "0", '"parallel_operations" must be a whole number of'),
        ("CHUNKFLOW_PARALLEL_OPS", "9" * 5000, '"parallel_operations" must be a whole number'),
        ("CHUNKFLOW_CACHE_SIZE", "big", '"cache.size" must be a size such as 100000, "100MB" or'),
    ],
)
def test_wrong_text_is_refused_with_the_variables_name(
    project: Path, variable: str, text: str, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: text})
    assert str(caught.value).startswith(f"{variable}: {message}")
