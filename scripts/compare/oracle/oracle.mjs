// Says where the TypeScript compiler sees declarations, to compare chunkflow's chunks with.
//
//     node oracle.mjs TYPESCRIPT_PACKAGE [SUITE…] < file-list
//
// TYPESCRIPT_PACKAGE is the unpacked npm package `typescript`. The list on standard input is
// separated by NUL, or by newlines if there is no NUL in it. SUITE… replaces the names of the
// functions that open a test suite. For each file one line of JSON goes to standard output:
//
//     {"path", "errors": parse errors, "spans": [[start_byte, end_byte, kind], …]}
//
// A span is `node.getStart()` to `node.end`, in bytes of the file as it lies on disk. A file that
// is not UTF-8 counts as one with an error.

import { isUtf8 } from "node:buffer"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"

const [typescriptPackage, ...suiteNames] = process.argv.slice(2)
if (!typescriptPackage) {
  console.error("oracle: no compiler given; call it as: node oracle.mjs TYPESCRIPT_PACKAGE < list")
  process.exit(2)
}
const ts = createRequire(import.meta.url)(resolve(typescriptPackage))
const SUITES = new Set(
  suiteNames.length > 0 ? suiteNames : ["describe", "suite", "context", "test.describe"],
)
// `ts.SyntaxKind[kind]` would give the last of several names, as FirstStatement; the first is meant.
const KIND_NAMES = new Map(
  Object.entries(ts.SyntaxKind)
    .reverse()
    .map(([name, kind]) => [kind, name]),
)
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

for (const path of pathsOnStandardInput()) {
  let line
  try {
    line = JSON.stringify({ path, ...declarationsOf(path) })
  } catch (error) {
    console.error(`oracle: cannot read ${path}: ${error.message}; leave it out of the list`)
    process.exit(2)
  }
  process.stdout.write(line + "\n")
}

function pathsOnStandardInput() {
  const list = readFileSync(0, "utf8")
  return list.split(list.includes("\0") ? "\0" : "\n").filter((path) => path !== "")
}

function declarationsOf(path) {
  const bytes = readFileSync(path)
  const skipped = bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
  const content = bytes.subarray(skipped)
  if (!isUtf8(content)) return { errors: 1, spans: [] }
  const text = content.toString("utf8")
  const file = ts.createSourceFile(path, text, {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  })
  const byteAt = byteOffsets(text, content.length)
  const spans = spansOfStatements(file.statements, file).map(([start, end, kind]) => [
    byteAt(start) + skipped,
    byteAt(end) + skipped,
    kind,
  ])
  return { errors: file.parseDiagnostics.length, spans }
}

// The compiler counts UTF-16 units: one below U+10000, two above, where UTF-8 has 1 to 4 bytes.
function byteOffsets(text, sizeBytes) {
  if (text.length === sizeBytes) return (unit) => unit
  const offsets = new Uint32Array(text.length + 1)
  let offset = 0
  for (let unit = 0; unit < text.length; unit++) {
    offsets[unit] = offset
    const code = text.charCodeAt(unit)
    const half = code >= 0xd800 && code <= 0xdfff
    offset += code < 0x80 ? 1 : code < 0x800 || half ? 2 : 3
  }
  offsets[text.length] = offset
  return (unit) => offsets[unit]
}

function spansOfStatements(statements, file) {
  return runsOf(statements, file).flatMap((run) => [spanOf(run, file), ...inside(run[0], file)])
}

function inside(node, file) {
  if (ts.isClassDeclaration(node)) {
    return runsOf(node.members, file).map((run) => spanOf(run, file))
  }
  const body = ts.isModuleDeclaration(node) ? moduleBody(node) : suiteBody(node)
  return body ? spansOfStatements(body.statements, file) : []
}

function spanOf(run, file) {
  const last = run[run.length - 1]
  return [run[0].getStart(file), last.end, KIND_NAMES.get(run[0].kind)]
}

// Groups overload signatures of one name that stand in a row, and the implementation after them.
function runsOf(nodes, file) {
  const runs = []
  for (const node of nodes) {
    if (ts.isEmptyStatement(node) || ts.isSemicolonClassElement(node)) continue
    const run = runs[runs.length - 1]
    if (run && continues(run[run.length - 1], node, file)) run.push(node)
    else runs.push([node])
  }
  return runs
}

function continues(previous, node, file) {
  const key = overloadKey(previous, file)
  return key !== undefined && previous.body === undefined && key === overloadKey(node, file)
}

function overloadKey(node, file) {
  if (ts.isConstructorDeclaration(node)) return "constructor"
  if (!ts.isFunctionDeclaration(node) && !ts.isMethodDeclaration(node)) return undefined
  const place = node.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.StaticKeyword)
  return `${place ? "static" : "own"} ${node.name ? node.name.getText(file) : ""}`
}

function moduleBody(node) {
  let body = node.body
  while (body && ts.isModuleDeclaration(body)) body = body.body
  return body
}

// `describe("…", () => {…})`, with `.only`, `.skip`, `.each(…)` or .each`…` after the name.
function suiteBody(node) {
  if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return undefined
  const call = node.expression
  const callback = call.arguments[call.arguments.length - 1]
  if (!callback || !isSuite(call.expression)) return undefined
  if (!ts.isArrowFunction(callback) && !ts.isFunctionExpression(callback)) return undefined
  return ts.isBlock(callback.body) ? callback.body : undefined
}

function isSuite(callee) {
  if (SUITES.has(dottedName(callee))) return true
  if (ts.isPropertyAccessExpression(callee)) {
    return ["only", "skip"].includes(callee.name.text) && isSuite(callee.expression)
  }
  const table = ts.isCallExpression(callee)
    ? callee.expression
    : ts.isTaggedTemplateExpression(callee)
      ? callee.tag
      : undefined
  if (!table || !ts.isPropertyAccessExpression(table)) return false
  return table.name.text === "each" && isSuite(table.expression)
}

function dottedName(node) {
  if (ts.isIdentifier(node)) return node.text
  if (!ts.isPropertyAccessExpression(node)) return undefined
  const left = dottedName(node.expression)
  return left === undefined ? undefined : `${left}.${node.name.text}`
}
