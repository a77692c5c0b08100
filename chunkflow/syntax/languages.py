"""The grammar and the parser of each language."""

import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType

from tree_sitter import Language, Parser

from chunkflow.syntax.suffixes import LANGUAGES

_PACKAGE = "tree_sitter_typescript"
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
    return Language(getattr(_load_binding(), _FUNCTIONS[language])())


@cache
def _load_binding() -> ModuleType:
    """The grammars' extension module.

    It is loaded by itself, because its package imports `importlib.resources` for the query files
    that come with it. That takes 10 ms, 3 to 4 % of a cold run over 40 files of .tsx
    (`chunkflow optimize-files --no-cache --jobs 2`).
    """
    package = PathFinder.find_spec(_PACKAGE)
    if _PACKAGE not in sys.modules and package is not None:
        name = f"{_PACKAGE}._binding"
        found = PathFinder.find_spec(name, package.submodule_search_locations)
        if found is not None and found.loader is not None:
            module = module_from_spec(found)
            found.loader.exec_module(module)
            return module
    import tree_sitter_typescript  # noqa: PLC0415 - only where it lies in an unusual place

    return tree_sitter_typescript  # type: ignore[no-any-return,unused-ignore]


def make_parser(language: str) -> Parser:
    """A new parser for `language`; one thread at a time may use it."""
    return Parser(load_grammar(language))
