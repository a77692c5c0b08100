from pathlib import Path

import pytest
from faults import kills
from faults.nursery import Nursery
from faults.trial import lay_out

# The size of the cache decides whether something must go for every new record. Most are killed with
# the default store.
KILLS = {
    ("sqlite", kills.ROOMY): 150,
    ("sqlite", "70 KB"): 50,
    ("diskcache", kills.ROOMY): 30,
    ("diskcache", "90 KB"): 10,
}
STATES = {"open", "open, written"}


@pytest.mark.parametrize(("store", "count"), KILLS.items(), ids=str)
def test_run_that_is_killed_leaves_nothing_that_the_next_trips_over(
    nursery: Nursery, in_memory: Path, store: tuple[str, str], count: int
) -> None:
    project = lay_out(in_memory / "project")
    wrong, states = nursery.play("kills:kills", project, in_memory, *store, count)
    assert wrong == []
    # Else the points would not be spread over the work with the store.
    assert states.keys() >= STATES, states
