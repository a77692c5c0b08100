"""What a stored result means is fixed by `FORMAT`: a change that is seen here must raise it.

The results of users' functions outlive releases of chunkflow, since asking for them may be dear. So
whatever decides how a value is handed to a function, or how its answer is written down, belongs to
the cache's format. When this test fails, raise `FORMAT` in `chunkflow/cache/keys.py` and write the
digest that it prints beside the new number.
"""

from hashlib import blake2b

from chunkflow.cache.keys import FORMAT, make_chunk_key
from chunkflow.engine.messages import decode_chunk, encode_chunk
from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.engine.records.files import value_key
from chunkflow.model.chunk import KINDS, Chunk
from chunkflow.model.finding import SEVERITIES, Finding, Result
from chunkflow.processors.declaration import CONTEXTS
from chunkflow.processors.isolation import isolate
from chunkflow.processors.outcomes import build_outcome
from chunkflow.syntax.chunker import chunk_source

SNAPSHOTS = {2: "c76b6abc0c355871"}

SOURCE = b"""import a from "a"
/** Says. */
export class K {
  m(a: number) { return a ? "\xc3\xa4" : 2 }
}
"""
RETURNED: list[object] = [
    None,
    True,
    0,
    1.5,
    "text",
    b"bytes",
    [1, [2, {"a": None}]],
    (1, 2),
    {"b": 1, "a": [b""]},
    [],
    ([Finding("with a value")], {"$base64": "a"}),
    Result([Finding("with a value")], b"a"),
    *(Finding("message", "rule", severity) for severity in SEVERITIES),
    [Finding("one"), Finding("two", "", "info", 1, 2, 1, 3)],
]


def handed() -> list[Chunk]:
    chunks = chunk_source(SOURCE, "typescript")
    chunks = [c._replace(path="a.ts", container="class K {", imports="import") for c in chunks]
    return [isolate(chunk, context) for chunk in chunks for context in ((), CONTEXTS)]


def facts() -> list[bytes]:
    chunks = handed()
    assert [decode_chunk(encode_chunk(chunk)) for chunk in chunks] == chunks
    keys = [make_chunk_key(b"p" * 16, value_key(chunk)) for chunk in chunks]
    kinds = [value_key(chunks[0]._replace(kind=kind)) for kind in sorted(KINDS)]
    records = [pack_chunk(chunks[2], build_outcome(returned, chunks[2])) for returned in RETURNED]
    return [repr(chunks).encode(), *keys, *kinds, *records]


def test_format_is_raised_when_stored_results_mean_something_else() -> None:
    digest = blake2b(b"\0".join(facts()), digest_size=8).hexdigest()
    assert SNAPSHOTS.get(FORMAT) == digest
