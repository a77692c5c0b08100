// Prints, one JSON record a line, what ESLint's rule `complexity` says of every function in files.
//
//     node eslint_complexity.mjs NPM_FOLDER < paths, each ended by a NUL byte
//
// A record is {"path", "error": string or null, "functions": [[line, column, complexity], ...]},
// lines and columns from 1, columns in UTF-16 units. NPM_FOLDER holds node_modules with eslint and
// @typescript-eslint/parser.

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import path from "node:path"

const require = createRequire(path.resolve(process.argv[2], "package.json"))
const { Linter } = require("eslint")
const parser = require("@typescript-eslint/parser")

const CONFIG = [
  {
    files: ["**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx}"],
    languageOptions: { parser },
    // The files' own comments must not switch the rule off.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "off" },
    rules: { complexity: ["error", { max: 0, variant: "classic" }] },
  },
]

function measure(linter, file) {
  const text = readFileSync(file, "utf8")
  const messages = linter.verify(text, CONFIG, { filename: path.basename(file) })
  const fatal = messages.find((message) => message.fatal)
  if (fatal !== undefined) {
    return { path: file, error: `line ${fatal.line}: ${fatal.message}`, functions: [] }
  }
  // Besides the rule's messages there are the linter's, on comments that are switched off.
  const functions = messages
    .filter(({ ruleId }) => ruleId === "complexity")
    .map(({ line, column, message }) => {
      const [, complexity] = /has a complexity of (\d+)\./.exec(message)
      return [line, column, Number(complexity)]
    })
  return { path: file, error: null, functions }
}

const linter = new Linter()
for (const file of readFileSync(0, "utf8").split("\0").filter(Boolean)) {
  process.stdout.write(`${JSON.stringify(measure(linter, file))}\n`)
}
