import pytest
from bench.cache import main


@pytest.mark.parametrize("l3", ["sqlite", "diskcache"])
def test_the_table_has_a_row_a_tier(l3: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--records", "20", "--bytes", "100", "--rounds", "2", "--l3", l3])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith(("| L1", "| L2", "| L3"))]
    assert len(rows) == 4
    assert all(line.count("|") == 5 for line in rows)
    assert f"L1 and {l3}" in lines[-1]
