"""Texts with something wrong in them, made of right ones."""

import random
from collections.abc import Callable
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures"
REAL = [
    (FIXTURES / f"{name}.ts").read_bytes()
    for name in ("specs-driven-flow", "steering-workflow-engine")
]
OPENINGS = (
    b"class A {\n  m() {\n",
    b"interface I {\n",
    b"foo(\n",
    b'export declare namespace k{{//\nfunction l():{i:[{"";readonly e:\n',
    b"/* \n",
    b"let t = `\n",
    b"let s = '\n",
    b"<<<<<<< ours\n",
    b"=======\n",
    b">>>>>>> theirs\n",
    b"@dec\n",
    b"export default\n",
    b"import x from 'x'\n",
)
BYTES = (
    *(bytes([byte]) for byte in b"(){}[]<>`'\"/*;\\\n$@:=,"),
    b"${",
    b"=>",
    b"/*",
    b"*/",
    b"//",
)


def _insert(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(BYTES) + text[at:]


def _delete(rng: random.Random, text: bytes) -> bytes:
    places = [at for at, byte in enumerate(text) if byte in b"(){}[]`'\"/*;"]
    at = rng.choice(places) if places else 0
    return text[:at] + text[at + 1 :]


def _duplicate(rng: random.Random, text: bytes) -> bytes:
    start = rng.randrange(len(text) + 1)
    end = start + rng.randrange(400)
    return text[:end] + text[start:end] + text[end:]


def _truncate(rng: random.Random, text: bytes) -> bytes:
    return text[: rng.randrange(len(text) + 1)]


def _open(rng: random.Random, text: bytes) -> bytes:
    at = text.rfind(b"\n", 0, rng.randrange(len(text) + 1)) + 1
    return text[:at] + rng.choice(OPENINGS) + text[at:]


_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _insert,
    _delete,
    _duplicate,
    _truncate,
    _open,
    _open,
)


def mutated(seed: int, size_bytes: int) -> bytes:
    """A piece of real source of about that size with one to four mutations; a seed, a text."""
    rng = random.Random(seed)
    real = rng.choice(REAL)
    start = real.rfind(b"\n\n", 0, rng.randrange(max(1, len(real) - size_bytes))) + 1
    text = real[start : start + size_bytes]
    for _ in range(rng.randrange(1, 5)):
        text = rng.choice(_MUTATIONS)(rng, text)
    return text


_WORDS = (
    b"a b x u $ 0 1 class function interface type enum namespace import export default async await"
    b" yield new typeof keyof infer extends as is get set static declare abstract let const for if"
    b" else return this super readonly".split()
)


def nonsense(seed: int) -> bytes:
    """A short text of tokens in any order."""
    rng = random.Random(seed)
    tokens = (
        *_WORDS,
        *BYTES,
        *BYTES,
        b"...",
        b"?",
        b"|",
        b"&",
        b" ",
        b"''",
        b"+",
        b"<a",
        b"/>",
        b"=>",
    )
    return b"".join(rng.choice(tokens) for _ in range(rng.randrange(4, 30)))
