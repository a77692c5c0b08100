"""Which files are source, told by their suffix; cheap to import."""

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
"""Suffix → language; `.d.ts`, `.d.mts` and `.d.cts` are covered by their last part."""


def language_of(path: str) -> str | None:
    """The language of a file by its suffix, or None where it is not source."""
    return SUFFIXES.get(path[path.rfind(".") :].lower())
