// Says where a file can be edited so that the compiler sees one change, for edits.py.
//
//     node sites.mjs TYPESCRIPT_PACKAGE < file-list
//
// The arguments and the list are those of oracle.mjs. For each file one line of JSON goes to
// standard output, all numbers bytes of the file as it lies on disk:
//
//     {"path", "errors": parse errors,
//      "bodies": ends of lines behind a statement of a function's body,
//      "between": ends of lines behind a top-level function, class or variable that another follows,
//      "opens": where the first member of a class, namespace or test suite may stand}

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { resolve } from "node:path"

const [typescriptPackage] = process.argv.slice(2)
if (!typescriptPackage) {
  console.error("sites: no compiler given; call it as: node sites.mjs TYPESCRIPT_PACKAGE < list")
  process.exit(2)
}
const ts = createRequire(import.meta.url)(resolve(typescriptPackage))
const BOM = "\xef\xbb\xbf"
const SUITE = /^(describe|suite|context|test\.describe)\b/
// The rest of a line that holds nothing but comments.
const REST = /[ \t]*(?:\/\*(?:(?!\*\/)[^\n])*\*\/[ \t]*)*(?:\/\/[^\n]*?)?(?=\r?\n)/y

for (const path of readFileSync(0, "utf8").split("\0").filter((name) => name !== "")) {
  let line
  try {
    line = JSON.stringify({ path, ...sitesOf(path) })
  } catch (error) {
    console.error(`sites: cannot read ${path}: ${error.message}; leave it out of the list`)
    process.exit(2)
  }
  process.stdout.write(line + "\n")
}

function sitesOf(path) {
  // One character a byte makes the compiler's offsets bytes. What is lost is files with names of
  // other letters than ASCII: they have errors then, and get no sites.
  const text = readFileSync(path, "latin1")
  const skipped = text.startsWith(BOM) ? BOM.length : 0
  const options = {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  }
  const file = ts.createSourceFile(path, text.slice(skipped), options)
  const containers = containersIn(file.statements, file)
  const suites = new Set(containers.filter(ts.isBlock))
  const found = {
    bodies: linesInBodies(file, file, suites),
    between: linesBetween(file),
    opens: containers.map((body) => (body.members ?? body.statements).pos),
  }
  const sites = Object.entries(found).map(([name, offsets]) => [
    name,
    [...new Set(offsets)].sort((a, b) => a - b).map((offset) => offset + skipped),
  ])
  return { errors: file.parseDiagnostics.length, ...Object.fromEntries(sites) }
}

// Classes, and the bodies of namespaces and suites, that stand at the top or in one another.
function containersIn(statements, file) {
  return statements.flatMap((statement) => {
    if (ts.isClassDeclaration(statement)) return [statement]
    const body = ts.isModuleDeclaration(statement)
      ? namespaceBody(statement)
      : suiteBody(statement, file)
    return body ? [body, ...containersIn(body.statements, file)] : []
  })
}

function namespaceBody(node) {
  return node && ts.isModuleDeclaration(node) ? namespaceBody(node.body) : node
}

function suiteBody(node, file) {
  if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return undefined
  const call = node.expression
  const body = call.arguments[call.arguments.length - 1]?.body
  return body && ts.isBlock(body) && SUITE.test(call.expression.getText(file)) ? body : undefined
}

function linesBetween(file) {
  return file.statements.flatMap((statement, index) => {
    const next = file.statements[index + 1]
    return next && declares(statement) && declares(next) ? lineEnd(file, statement.end) : []
  })
}

// A signature without a body may belong to the next statement.
function declares(node) {
  if (ts.isFunctionDeclaration(node)) return node.body !== undefined
  return ts.isClassDeclaration(node) || ts.isVariableStatement(node)
}

function linesInBodies(node, file, suites) {
  const lines = []
  if (ts.isFunctionLike(node) && node.body && ts.isBlock(node.body) && !suites.has(node.body)) {
    lines.push(...node.body.statements.flatMap((statement) => lineEnd(file, statement.end)))
  }
  ts.forEachChild(node, (child) => void lines.push(...linesInBodies(child, file, suites)))
  return lines
}

function lineEnd(file, offset) {
  REST.lastIndex = offset
  const rest = REST.exec(file.text)
  return rest ? [offset + rest[0].length] : []
}
