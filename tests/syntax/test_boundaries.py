"""Every boundary is the TypeScript compiler's, over whole packages."""

import pytest
from compare.boundaries import compare
from fetch_corpus import CORPORA, source_files

pytestmark = [pytest.mark.packages, pytest.mark.node]


@pytest.mark.parametrize("corpus", ["viem", "effect", "rxjs", "zod"])
def test_declarations_are_the_compilers(corpus: str) -> None:
    found = compare(source_files(corpus))
    assert found.differences == ()
    assert found.equal > 1000


@pytest.mark.parametrize("corpus", ["node-types", "kobalte", "typebox", "query-core", "express"])
def test_declarations_are_the_compilers_in_every_kind_of_file(corpus: str) -> None:
    assert CORPORA[corpus].suffixes != (".ts",)
    found = compare(source_files(corpus))
    assert found.differences == ()
    assert found.equal > 100
