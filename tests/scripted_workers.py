"""Runs whose workers do what a test tells them to.

The work itself is that of a real worker, in this process, with processors of the tests' own. A
script stands between it and the run: it may lose, repeat or garble what the worker says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, Self, TypeAlias

from runs import LATER_NS, SUITES

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.messages import ProcessorConfig, WorkConfig, decode_chunk
from chunkflow.engine.options import RunOptions, RunProcessor, Wanted
from chunkflow.engine.run import run_files
from chunkflow.engine.worker.worker import Worker
from chunkflow.engine.workers import LocalWorker, Reply, Tasks, Workers, WorkerTask
from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.model.report import FileReport
from chunkflow.processors.protocol import Processor

Script: TypeAlias = Callable[[Workers, Tasks], Iterator[Reply]]
"""Does tasks, with workers that would do them well."""
TaskScript: TypeAlias = Callable[[Workers, WorkerTask], Iterable[Reply]]
"""Does one task."""

DIED = WorkerDied("its worker died")
ERRORS = [DIED, TaskTimeout("too long"), PoolError("ValueError: x")]
NO_PROCESS = PoolError("cannot start 2 worker processes: no memory")


class Echo:
    """A processor whose value for a chunk is the chunk's text."""

    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    alone = True
    is_spoiled = False

    def __init__(self, name: str = "echo", *, expensive: bool = False) -> None:
        self.name = name
        self.expensive = expensive
        self.called: list[str] = []
        """The text of each chunk that it was called on."""
        self.unknown_code: Mapping[str, str] = {}

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence[Any]
    ) -> Iterator[Outcome]:
        for chunk in chunks:
            self.called.append(chunk.text)
            yield Outcome(value=chunk.text)


class ScriptedWorkers:
    """Workers that follow a script."""

    def __init__(self, inner: Workers, script: Script) -> None:
        self._inner = inner
        self._script = script

    def run(self, tasks: Tasks) -> Iterator[Reply]:
        return self._script(self._inner, tasks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._inner.__exit__(*exc_info)


def script_run(options: RunOptions, script: Script) -> RunOptions:
    """The same run, with a script between it and its workers."""

    def open_workers(*, small: bool) -> Workers:
        return ScriptedWorkers(options.open_workers(small=small), script)

    return options._replace(open_workers=open_workers)


def script_tasks(do: TaskScript) -> Script:
    """Do tasks one by one."""

    def run(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
        for task in take_at_hand(tasks):
            yield from do(inner, task)

    return run


def take_at_hand(tasks: Tasks) -> Iterator[WorkerTask]:
    """The tasks until there is none at the moment."""
    for task in takewhile(lambda task: task is not None, tasks):
        assert task is not None
        yield task


def work_well(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
    return inner.run(tasks)


def fail_file(name: str, error: PoolError) -> Script:
    """Each task with that file in it fails."""

    def do(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
        if name in list_names(task):
            yield Reply(task.number, error=error, is_final=True)
        else:
            yield from inner.run([task])

    return script_tasks(do)


def fail_chunk(text: str, error: PoolError | None, *, times: int = 9) -> Script:
    """A chunk fails so often, after those before it in its task were done."""
    left = [times]

    def do(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
        if task.files:
            yield from inner.run([task])
            return
        for chunk in task.chunks:
            if decode_chunk(chunk.chunk).text == text and left[0]:
                left[0] -= 1
                yield Reply(task.number, error=error, is_final=True)
                return
            replies = inner.run([task._replace(chunks=[chunk])])
            yield from (reply for reply in replies if not reply.is_final)
        yield Reply(task.number, is_final=True)

    return script_tasks(do)


def list_names(task: WorkerTask) -> list[str]:
    return [file.shown for file in task.files]


def list_texts(task: WorkerTask) -> list[str]:
    return [decode_chunk(chunk.chunk).text for chunk in task.chunks]


class ScriptedRuns:
    """Runs over files of a project; each script is that of one opening of workers, then all is
    well.

    `trusted` says it of all processors. What an error stands for is raised instead of opening.
    """

    def __init__(
        self, project: Path, tiers: Tiers, *processors: Echo, trusted: bool = False
    ) -> None:
        self.project = project
        self.tiers = tiers
        self.processors = processors or (Echo(),)
        self.trusted = trusted
        self.scripts: list[Script | PoolError] = []
        self.small: list[bool] = []
        """What was asked for when workers were opened."""
        self.given: list[WorkerTask] = []
        """Tasks that were taken."""
        self.warnings: list[str] = []

    def save(self, name: str, source: str, *, size_bytes: int = 0) -> str:
        """Write a file; blanks, which are in no chunk, fill it up."""
        (self.project / name).write_text(source.ljust(size_bytes))
        return name

    def run(self, *names: str, **changes: Any) -> dict[str, FileReport]:
        wanted = [Wanted(name, str(self.project / name), True) for name in names]
        options = self.options()._replace(**changes)
        return {report.path: report for report in run_files(wanted, self.tiers, options)}

    def options(self) -> RunOptions:
        processors = tuple(
            RunProcessor(
                one.name,
                one.name.encode().ljust(16),
                own=one.name.encode().ljust(16),
                expensive=one.expensive,
                alone=True,
                trusted=self.trusted,
                base=one.name.encode().ljust(16),
            )
            for one in self.processors
        )
        return RunOptions(
            processors,
            self.open_workers,
            root=str(self.project),
            warn=self.warnings.append,
            clock_ns=lambda: LATER_NS << 30,
        )

    def open_workers(self, *, small: bool) -> Workers:
        self.small.append(small)
        script = self.scripts.pop(0) if self.scripts else work_well
        if isinstance(script, PoolError):
            raise script
        return ScriptedWorkers(LocalWorker(self.make_worker()), self._note_tasks(script))

    def make_worker(self) -> Worker:
        processors: Sequence[Processor] = self.processors
        told = tuple(ProcessorConfig(one.name, {}) for one in processors)
        return Worker(processors, WorkConfig(str(self.project), told, SUITES))

    def _note_tasks(self, script: Script) -> Script:
        def note(tasks: Tasks) -> Iterable[WorkerTask | None]:
            for task in tasks:
                if task is not None:
                    self.given.append(task)
                yield task

        return lambda inner, tasks: script(inner, note(tasks))


def list_values(report: FileReport, processor: str = "echo") -> list[object]:
    return [result.value for result in report.results.get(processor, [])]
