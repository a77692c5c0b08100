"""The grammar and the parser of each language."""

from functools import cache

from tree_sitter import Language, Parser

from chunkflow.private import load_grammars
from chunkflow.syntax.suffixes import LANGUAGES

_FUNCTIONS = {
    "typescript": "language_typescript",
    # JSX may stand in any JavaScript file, and the TSX grammar reads all of JavaScript.
    "tsx": "language_tsx",
    "javascript": "language_tsx",
}


@cache
def load_grammar(language: str) -> Language:
    """The tree-sitter grammar of `language`.

    Raises:
        ValueError: the language is not one of `LANGUAGES`.
    """
    if language not in _FUNCTIONS:
        raise ValueError(f"unknown language {language!r}; known are {', '.join(LANGUAGES)}")
    return Language(getattr(load_grammars(), _FUNCTIONS[language])())


def make_parser(language: str) -> Parser:
    """A new parser for `language`; one thread at a time may use it."""
    return Parser(load_grammar(language))
