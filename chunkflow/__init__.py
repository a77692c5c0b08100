"""chunkflow runs anything over a TypeScript codebase, and never twice on the same function.

Start with `ChunkFlow`:

    with ChunkFlow(root=".") as flow:
        report = flow.optimize_files(["src"], processors=["metrics"])

or with `chunk_source`, which cuts text into chunks without any files. Importing the package loads
nothing; each name is loaded at its first use.
"""

__version__ = "0.1.0"

_HOMES = {
    "Chunk": "chunkflow.model.chunk",
    "ChunkFlow": "chunkflow.flow.chunkflow",
    "ChunkflowError": "chunkflow.errors",
    "Finding": "chunkflow.model.finding",
    "Report": "chunkflow.model.report",
    "Result": "chunkflow.model.finding",
    "chunk_source": "chunkflow.syntax.chunker",
    "processor": "chunkflow.processors.declaration",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - every key is a string


def __getattr__(name: str) -> object:
    # A command-line run imports this package too, and must not load what it does not use.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - at the first use of a name

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
