"""The peers as command lines, each doing as little as it can be asked to: for tools.py."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.commands import Command
from bench.npm_peers import peers_folder, version
from bench.workspace import Editor, Workspace

_ESLINT = """\
import { createRequire } from "node:module";
const parser = createRequire(PEERS)("@typescript-eslint/parser");
export default [{
  files: ["**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx}"],
  languageOptions: { parser },
  linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "off" },
  rules: { complexity: ["warn", 20] },
}];
"""
_ESLINT_FORMAT = "export default (results) => `${results.length} files\\n`;\n"
_AST_GREP = """\
id: no-eval
language: TypeScript
severity: warning
rule: { pattern: eval($$$) }
---
id: no-eval-tsx
language: Tsx
severity: warning
rule: { pattern: eval($$$) }
---
id: no-eval-javascript
language: JavaScript
severity: warning
rule: { pattern: eval($$$) }
"""


def _eslint(workspace: Workspace) -> Command:
    settings = workspace.configuration / "eslint.config.mjs"
    settings.write_text(_ESLINT.replace("PEERS", json.dumps(f"{peers_folder()}/")))
    form = workspace.configuration / "count.mjs"
    form.write_text(_ESLINT_FORMAT)
    arguments = ("--config", str(settings), "--format", str(form))
    command = _peer(workspace, "eslint", "eslint", "eslint", *arguments, ".")
    return command._replace(label="ESLint, one rule, no cache")


def _eslint_warm(workspace: Workspace) -> Command:
    command = _eslint_cached(workspace, "eslint-warm")
    return command._replace(label="ESLint, one rule, `--cache`, warm")


def _eslint_edited(workspace: Workspace) -> Command:
    command = _eslint_cached(workspace, "eslint-edited")
    label = "ESLint, one rule, `--cache`, one function edited"
    edit = Editor(workspace.edited).edit
    return command._replace(label=label, folder=workspace.edited, prepare=edit)


def _eslint_cached(workspace: Workspace, name: str) -> Command:
    command = _eslint(workspace)
    more = ("--cache", "--cache-location", str(workspace.caches / name))
    return command._replace(name=name, arguments=(*command.arguments, *more))


def _oxlint(workspace: Workspace) -> Command:
    # Quiet, since it would print each finding with its source.
    rule = ("-A", "all", "-W", "complexity")
    command = _peer(workspace, "oxlint", "oxlint", "oxlint", "--silent", *rule, ".")
    return command._replace(label="oxlint, one rule")


def _oxlint_all(workspace: Workspace) -> Command:
    command = _peer(workspace, "oxlint-all", "oxlint", "oxlint", "--silent", ".")
    return command._replace(label="oxlint, its default rules")


def _biome(workspace: Workspace) -> Command:
    rule = "--only=complexity/noExcessiveCognitiveComplexity"
    arguments = ("lint", rule, "--diagnostic-level=error", ".")
    command = _peer(workspace, "biome", "@biomejs/biome", "biome", *arguments)
    return command._replace(label="Biome lint, one rule")


def _ast_grep(workspace: Workspace) -> Command:
    rules = workspace.configuration / "rule.yml"
    rules.write_text(_AST_GREP)
    arguments = ("scan", "--rule", str(rules), "--inspect", "summary", ".")
    command = _peer(workspace, "ast-grep", "@ast-grep/cli", "ast-grep", *arguments)
    return command._replace(label="ast-grep scan, one rule")


def _prettier(workspace: Workspace) -> Command:
    cache = workspace.caches / "prettier"
    kept = ("--cache", "--cache-location", str(cache))
    command = _peer(workspace, "prettier-warm", "prettier", "prettier", *kept, "--check", ".")
    _format(command.arguments[0], workspace.formatted)
    return command._replace(
        label="Prettier `--check --cache`, warm",
        folder=workspace.formatted,
        files=lambda _: _files_kept(cache, workspace.formatted),
        # 2: there are files that it cannot read, and so never keeps.
        statuses=(0, 1, 2),
    )


def _format(prettier: str, folder: Path) -> None:
    # What it would change it does not keep, and checks again each time.
    command = [prettier, "--write", "--log-level", "error", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        # Files that it cannot read stay as they are, and are among those that it checks.
        print(f"tools: Prettier could not format: {done.stderr.strip()}", file=sys.stderr)


def _files_kept(cache: Path, folder: Path) -> int:
    """The files that Prettier's cache knows; its output does not count them."""
    known = {each for each in json.loads(cache.read_bytes()) if isinstance(each, str)}
    return sum((folder / each).is_file() for each in known if "." in each)


def _peer(workspace: Workspace, name: str, package: str, program: str, *arguments: str) -> Command:
    folder = peers_folder()
    path = str(folder / "node_modules" / ".bin" / program)
    return Command(name, name, version(folder, package), (path, *arguments), workspace.project)


PEERS: Mapping[str, Callable[[Workspace], Command]] = {
    "eslint": _eslint,
    "eslint-warm": _eslint_warm,
    "eslint-edited": _eslint_edited,
    "oxlint": _oxlint,
    "oxlint-all": _oxlint_all,
    "biome": _biome,
    "ast-grep": _ast_grep,
    "prettier-warm": _prettier,
}
"""Name → what makes the command. Raises NpmError, WorkspaceError."""
