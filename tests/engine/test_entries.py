"""Each file has one entry, and progress is told as the entries come in."""

from chunkflow.engine.entries import Entries, chunks_in
from chunkflow.engine.manifest import Signature
from chunkflow.engine.plan import File, Known
from chunkflow.engine.records.files import Contents, PlacedFindings, PlacedValue
from chunkflow.model.finding import Finding
from chunkflow.model.report import FileReport, Hits


def contents(chunks: int, value: str) -> Contents:
    findings = [PlacedFindings(0, "ab", 3, 1, (Finding("odd"),))]
    values = [PlacedValue(0, "ab", "variable", "a", 3, 4, value)]
    return Contents(chunks, 70, findings, values)


TWO = (contents(5, "first"), contents(9, "second"))


class Told:
    """Entries, and how far they were."""

    def __init__(self, total: int) -> None:
        self.steps: list[tuple[int, int]] = []
        self.warnings: list[str] = []
        self.entries = Entries(
            ["p", "q"],
            lambda *step: self.steps.append(step),
            total,
            warn=self.warnings.append,
        )

    @property
    def report(self) -> FileReport:
        (report,) = self.entries.reports
        return report


def test_known_file_is_all_reused() -> None:
    told = Told(1)
    file = File("a.ts", "/p/a.ts", "typescript", Signature(1, 0, 0, 0), 0, None, True)
    told.entries.add_known(Known(file, b"d", TWO, "l3"), "touched")
    assert told.report[:6] == ("a.ts", "touched", 9, 0, 9, Hits(l3=9))
    assert told.report.size_bytes == 70


def test_note_of_a_file_is_told_once() -> None:
    told = Told(1)
    noted = tuple(one._replace(note="parsing took too long") for one in TWO)
    told.entries.add("a.ts", "changed", (2, Hits(l1=4)), noted)
    assert told.warnings == ["a.ts: parsing took too long"]


def test_file_has_what_every_processor_said_of_it() -> None:
    told = Told(1)
    told.entries.add("a.ts", "changed", (2, Hits(l1=4)), TWO)
    assert told.report[:6] == ("a.ts", "changed", 9, 2, 7, Hits(l1=4))
    assert [(f.processor, f.start_line) for f in told.report.findings] == [("p", 3), ("q", 3)]
    found = {name: [result.value for result in rows] for name, rows in told.report.results.items()}
    assert found == {"p": ["first"], "q": ["second"]}
    assert told.report.error is None


def test_file_with_an_error_keeps_its_other_results() -> None:
    told = Told(1)
    told.entries.add("a.ts", "failed", (2, Hits()), TWO, error="no")
    assert (told.report.error, len(told.report.results)) == ("no", 2)


def test_file_of_which_nothing_can_be_said_has_its_error_alone() -> None:
    told = Told(1)
    told.entries.fail("a.ts", "cannot read a.ts")
    assert told.report == FileReport("a.ts", "failed", error="cannot read a.ts")


def test_progress_counts_entries_of_every_kind() -> None:
    told = Told(7)
    told.entries.fail("a.ts", "no")
    told.entries.add("b.ts", "changed", (0, Hits()), TWO)
    assert told.steps == [(1, 7), (2, 7)]


def test_chunks_are_those_of_the_finest_cut() -> None:
    assert chunks_in(TWO) == 9
