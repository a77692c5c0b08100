from chunkflow.model.chunk import KINDS, Chunk

CHUNK = Chunk(
    path="a.ts",
    language="typescript",
    kind="comment",
    name=None,
    scope=(),
    start_byte=0,
    end_byte=3,
    decl_start_byte=0,
    decl_end_byte=3,
    start_line=1,
    end_line=1,
    digest=bytes(16),
    source=b"//\xff",
)


def test_text_shows_stray_bytes_as_replaced() -> None:
    assert CHUNK.text == "//\ufffd"


def test_context_is_not_seen_unless_given() -> None:
    assert (CHUNK.container, CHUNK.imports) == (None, None)


def test_kinds_are_those_of_the_documentation() -> None:
    documented = """
        import export function class method constructor accessor property index_signature
        static_block interface type enum namespace variable expression statement comment error
    """
    assert set(documented.split()) == set(KINDS)
