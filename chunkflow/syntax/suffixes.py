"""Suffixes of source files and the language of each. It is cheap to import."""

LANGUAGES = ("typescript", "tsx", "javascript")

SUFFIXES = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascript",
}
"""Suffix → language; the last part of `.d.ts`, `.d.mts` and `.d.cts` counts."""


def language_of(path: str) -> str | None:
    """The language of a file by its suffix; None if it is not source."""
    return SUFFIXES.get(path[path.rfind(".") :].lower())
