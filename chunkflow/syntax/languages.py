"""The languages that are known: a row a suffix, and a parser for each."""

from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Parser

from chunkflow.syntax.suffixes import LANGUAGES

_GRAMMARS = {
    "typescript": tree_sitter_typescript.language_typescript,
    # JSX may stand in any JavaScript file, and the TSX grammar reads all of JavaScript.
    "tsx": tree_sitter_typescript.language_tsx,
    "javascript": tree_sitter_typescript.language_tsx,
}


@cache
def grammar(language: str) -> Language:
    """The tree-sitter grammar of `language`.

    Raises:
        ValueError: the language is not one of `LANGUAGES`.
    """
    if language not in _GRAMMARS:
        raise ValueError(f"unknown language {language!r}; known are {', '.join(LANGUAGES)}")
    return Language(_GRAMMARS[language]())


def parser(language: str) -> Parser:
    """A new parser for `language`; one thread at a time may use it."""
    return Parser(grammar(language))
