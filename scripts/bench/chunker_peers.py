"""One contender of chunkers.py in a process of its own, on one core.

    python -P chunker_peers.py CONTENDER MAX_BYTES CORE

It runs in the peers' environment and needs nothing there but the contender and tree-sitter. A
request is a line of JSON on standard input, its answer a line on standard output:

    {"do": "load", "paths": […]}                   → {"version", "setting", "refused": [path, …]}
    {"do": "pass"}                                 → {"bytes", "chunk_s", "parse_s"}
    {"do": "pieces"}                               → {path: [[text, start, end], …], …}
    {"do": "edits", "edits": [[path, at, text]…]}  → [[added, removed, added bytes] or null, …]

Offsets are in bytes. Files that a contender refuses are left out of everything after `load`.
"""

import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TextIO

NO_PLACE = -1


class Source(NamedTuple):
    """A file, in both forms that contenders want."""

    data: bytes
    text: str


class Piece(NamedTuple):
    """A chunk as its contender reports it; offsets in bytes, None if it reports none."""

    text: str
    start: int | None = None
    end: int | None = None


class Contender(NamedTuple):
    """A way to cut text."""

    version: str
    setting: str
    """How its size is limited, for people."""
    chunk: Callable[[Source], object]
    """What is timed: the cheapest call that gives the chunks' texts."""
    pieces: Callable[[Source], list[Piece]]
    """The chunks, with offsets if the contender has any. Not timed."""


def bare_parse(_max_bytes: int) -> Contender:
    """No chunks: what building the syntax tree takes by itself."""
    parser = typescript_parser()
    return Contender(
        version("tree-sitter"),
        "a bare parse, no chunks",
        lambda source: parser.parse(source.data),
        lambda _source: [],
    )


def chunkflow_whole(_max_bytes: int) -> Contender:
    """chunkflow, which cuts no declaration unless it is told to."""
    return _chunkflow("whole declarations, whatever their size", {})


def chunkflow_in_parts(max_bytes: int) -> Contender:
    """chunkflow, cutting what is larger."""
    return _chunkflow(f"max_bytes={max_bytes}", {"max_bytes": max_bytes})


def _chunkflow(setting: str, options: dict[str, int]) -> Contender:
    chunkflow: Any = import_module("chunkflow")

    def chunk(source: Source) -> Any:
        return chunkflow.chunk_source(source.data, "typescript", **options)

    def pieces(source: Source) -> list[Piece]:
        return [Piece(each.text, each.start_byte, each.end_byte) for each in chunk(source)]

    return Contender(chunkflow.__version__, setting, chunk, pieces)


def chonkie(max_bytes: int) -> Contender:
    """The CodeChunker of chonkie; its indices count characters."""
    chunker = import_module("chonkie").CodeChunker(
        tokenizer="character", chunk_size=max_bytes, language="typescript"
    )

    def pieces(source: Source) -> list[Piece]:
        at = byte_offset(source)
        chunks = chunker.chunk(source.text)
        return [Piece(each.text, at(each.start_index), at(each.end_index)) for each in chunks]

    setting = f'CodeChunker(tokenizer="character", chunk_size={max_bytes})'
    return Contender(version("chonkie"), setting, lambda source: chunker.chunk(source.text), pieces)


def llama_index(max_bytes: int) -> Contender:
    """The CodeSplitter of llama-index; its nodes have offsets, the plain split has none."""
    document = import_module("llama_index.core.schema").Document
    # With a tokenizer of ours it looks for none; it counts characters.
    splitter = import_module("llama_index.core.node_parser").CodeSplitter(
        "typescript", max_chars=max_bytes, parser=typescript_parser(), tokenizer=str.split
    )

    def pieces(source: Source) -> list[Piece]:
        at = byte_offset(source)
        nodes = splitter.get_nodes_from_documents([document(text=source.text)])
        return [Piece(node.text, at(node.start_char_idx), at(node.end_char_idx)) for node in nodes]

    setting = f"CodeSplitter(max_chars={max_bytes})"
    return Contender(
        version("llama-index-core"),
        setting,
        lambda source: splitter.split_text(source.text),
        pieces,
    )


def langchain(max_bytes: int) -> Contender:
    """The RecursiveCharacterTextSplitter of langchain for TypeScript: patterns, no parser."""
    splitters = import_module("langchain_text_splitters")
    splitter = splitters.RecursiveCharacterTextSplitter.from_language(
        splitters.Language.TS, chunk_size=max_bytes, chunk_overlap=0, add_start_index=True
    )

    def pieces(source: Source) -> list[Piece]:
        found = [
            (document.metadata["start_index"], document.page_content)
            for document in splitter.create_documents([source.text])
        ]
        return _placed(found, source)

    setting = f"from_language(Language.TS, chunk_size={max_bytes}, chunk_overlap=0)"
    return Contender(
        version("langchain-text-splitters"),
        setting,
        lambda source: splitter.split_text(source.text),
        pieces,
    )


def semantic_text_splitter(max_bytes: int) -> Contender:
    """The CodeSplitter of semantic-text-splitter."""
    language = import_module("tree_sitter_typescript").language_typescript()
    splitter = import_module("semantic_text_splitter").CodeSplitter(language, max_bytes)
    return Contender(
        version("semantic-text-splitter"),
        f"CodeSplitter(capacity={max_bytes})",
        lambda source: splitter.chunks(source.text),
        lambda source: _placed(splitter.chunk_indices(source.text), source),
    )


def astchunk(max_bytes: int) -> Contender:
    """The ASTChunkBuilder of astchunk; it reports lines, no offsets."""
    builder = import_module("astchunk").ASTChunkBuilder(
        max_chunk_size=max_bytes, language="typescript", metadata_template="default"
    )
    return Contender(
        version("astchunk"),
        f"ASTChunkBuilder(max_chunk_size={max_bytes}), which counts no white space",
        lambda source: builder.chunkify(source.text),
        lambda source: [Piece(each["content"]) for each in builder.chunkify(source.text)],
    )


CONTENDERS: dict[str, Callable[[int], Contender]] = {
    "tree-sitter": bare_parse,
    "chunkflow": chunkflow_whole,
    "chunkflow, in parts": chunkflow_in_parts,
    "chonkie": chonkie,
    "llama-index": llama_index,
    "langchain": langchain,
    "semantic-text-splitter": semantic_text_splitter,
    "astchunk": astchunk,
}
"""In the order of the table. Each is built in its own process, where its package is imported."""


class Worker:
    """Answers requests for one contender."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._parser = typescript_parser()
        self._sources: dict[str, Source] = {}
        self._texts: dict[str, Counter[str]] = {}

    def answer(self, request: dict[str, Any]) -> object:
        """What goes back for one request."""
        match request:
            case {"do": "load", "paths": paths}:
                return self._load(paths)
            case {"do": "pass"}:
                return self._pass()
            case {"do": "pieces"}:
                return {path: self._contender.pieces(s) for path, s in self._sources.items()}
            case {"do": "edits", "edits": edits}:
                return [self._edit(*edit) for edit in edits]
        raise ValueError(f"no such request: {request}")

    def _load(self, paths: Iterable[str]) -> dict[str, object]:
        """Reads the files and goes over them once, which warms caches and finds what is refused."""
        refused = []
        for path in paths:
            data = Path(path).read_bytes()
            source = Source(data, data.decode())
            texts = self._try(source)
            if texts is None:
                refused.append(path)
            else:
                self._sources[path], self._texts[path] = source, texts
        contender = self._contender
        return {"version": contender.version, "setting": contender.setting, "refused": refused}

    def _pass(self) -> dict[str, float]:
        """One pass, between two bare parses of the same files, so that noise hits both."""
        sources = list(self._sources.values())
        before_s = seconds(self._parse, sources)
        chunk_s = seconds(self._contender.chunk, sources)
        after_s = seconds(self._parse, sources)
        size_bytes = sum(len(source.data) for source in sources)
        return {"bytes": size_bytes, "chunk_s": chunk_s, "parse_s": (before_s + after_s) / 2}

    def _parse(self, source: Source) -> object:
        return self._parser.parse(source.data)

    def _edit(self, path: str, at: int, text: str) -> tuple[int, int, int] | None:
        if path not in self._sources:
            return None
        data = self._sources[path].data
        edited = data[:at] + text.encode() + data[at:]
        new = self._try(Source(edited, edited.decode()))
        if new is None:
            return None
        added, removed = new - self._texts[path], self._texts[path] - new
        size_bytes = sum(len(piece.encode()) * count for piece, count in added.items())
        return added.total(), removed.total(), size_bytes

    def _try(self, source: Source) -> "Counter[str] | None":
        try:
            return Counter(piece.text for piece in self._contender.pieces(source))
        except Exception:  # noqa: BLE001 - a peer may raise anything; the file counts as refused
            return None


def seconds(call: Callable[[Source], object], sources: Iterable[Source]) -> float:
    """How long a call takes over all files."""
    gc.collect()
    began = time.perf_counter()
    for source in sources:
        call(source)
    return time.perf_counter() - began


def byte_offset(source: Source) -> Callable[[int | None], int | None]:
    """Turns an offset in characters into one in bytes; one outside the text becomes NO_PLACE."""
    text, size = source.text, len(source.text)
    plain = size == len(source.data)

    def convert(offset: int | None) -> int | None:
        if offset is None or 0 <= offset <= size:
            return offset if plain or offset is None else len(text[:offset].encode())
        return NO_PLACE

    return convert


def typescript_parser() -> Any:
    """A tree-sitter parser; the same grammar for everybody who takes one."""
    tree_sitter = import_module("tree_sitter")
    grammar = import_module("tree_sitter_typescript").language_typescript()
    return tree_sitter.Parser(tree_sitter.Language(grammar))


def _placed(found: Iterable[tuple[int, str]], source: Source) -> list[Piece]:
    """Chunks that were reported by their start, in characters."""
    at = byte_offset(source)
    return [Piece(text, at(start), at(start + len(text))) for start, text in found]


def serve(worker: Worker, requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        answers.flush()


def main(arguments: list[str]) -> int:
    """Serves until standard input ends."""
    name, max_bytes, core = arguments
    os.sched_setaffinity(0, {int(core)})
    # What a peer prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(Worker(CONTENDERS[name](int(max_bytes))), sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
