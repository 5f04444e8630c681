// Evaluates JSONata with the reference implementation: one JSON object a line in, one a line out.
// The name of the package is the argument. Numbers that JSON does not have become texts, as Step Functions gives them.
"use strict";

const jsonata = require(process.argv[2]);
const lines = require("readline").createInterface({ input: process.stdin });

function text(key, value) {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

async function answer(line) {
  const asked = JSON.parse(line);
  try {
    const expression = jsonata(asked.expression);
    const value = await expression.evaluate(undefined, asked.bindings);
    if (value === undefined) return { nothing: true };
    if (typeof value === "function" || (value && (value._jsonata_lambda || value._jsonata_function))) {
      return { unsupported: true };
    }
    return { value };
  } catch (error) {
    return { error: error.code || "", message: error.message || String(error) };
  }
}

(async () => {
  for await (const line of lines) console.log(JSON.stringify(await answer(line), text));
})();
