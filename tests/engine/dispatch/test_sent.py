"""What is sent to a worker holds all that it needs."""

from chunkflow.engine.dispatch.sent import Sent, payload_of, weight_bytes
from chunkflow.engine.manifest import Signature
from chunkflow.engine.messages import FILES, FileTask, parted
from chunkflow.engine.plan import File, Previous


def sent(name: str, size_bytes: int) -> Sent:
    signature = Signature(size_bytes, 0, 0, 0)
    return Sent(File(name, f"/p/{name}", "tsx", signature, 0, None, False))


BATCH = [
    sent("a.ts", 3)._replace(source=b"let", previous=Previous((b"r", b""), "l1")),
    sent("b.ts", 4)._replace(apart=True),
]


def test_worker_gets_each_file_of_a_batch() -> None:
    kind, parts = parted(payload_of(BATCH))
    assert kind == FILES
    assert list(map(FileTask.decode, parts)) == [
        FileTask("a.ts", "/p/a.ts", "tsx", b"let", (b"r", b""), False),
        FileTask("b.ts", "/p/b.ts", "tsx", None, (), True),
    ]


def test_batch_weighs_what_its_files_do() -> None:
    assert weight_bytes(BATCH) == 7
