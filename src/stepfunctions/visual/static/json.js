// Payloads: JSON in colours, or text as it is.
import { html, useMemo, useState } from "./preact.js";
import { Copy } from "./base.js";

const LONG = 20000;
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

const PART = /"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON with indentation, its numbers and the order of its keys as they are written. */
function indented(json) {
  let line = "\n";
  let made = "";
  let before = "";
  for (const [part] of json.matchAll(PART)) {
    const opened = before === "{" || before === "[";
    if (part === "}" || part === "]") {
      line = line.slice(0, -2);
      if (!opened) made += line;
    } else if (opened || before === ",") made += line;
    if (part === "{" || part === "[") line += "  ";
    made += part === ":" ? ": " : part[0] === '"' ? JSON.stringify(JSON.parse(part)) : part;
    before = part;
  }
  return made;
}

/** The text of a payload with indentation, when it is JSON. */
export function pretty(value) {
  if (typeof value !== "string") return [JSON.stringify(value, null, 2), true];
  try {
    JSON.parse(value);
    return [indented(value), true];
  } catch {
    return [value, false];
  }
}

const SAID = ["errorMessage", "FailureReason", "ErrorMessage", "StatusReason", "StoppedReason", "Message", "message"];

/** What a cause says in words: services put an answer of theirs there, with the message in one of its members. */
export function messageOf(cause) {
  try {
    const answer = JSON.parse(cause);
    const member = SAID.find((name) => typeof answer[name] === "string" && answer[name]);
    return member ? answer[member] : cause;
  } catch {
    return cause;
  }
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [all, string, colon, word] = found;
    if (found.index > end) parts.push(text.slice(end, found.index));
    if (string && colon) parts.push(html`<span class="j-key">${string}</span>`, colon);
    else parts.push(html`<span class=${string ? "j-string" : word ? "j-word" : "j-number"}>${all}</span>`);
    end = found.index + all.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A payload with a button that copies it. Long ones are cut until asked for. */
export function Payload({ value, what }) {
  const [whole, setWhole] = useState(false);
  const [text, isJson] = useMemo(() => pretty(value), [value]);
  const cut = !whole && text.length > LONG;
  const shown = cut ? text.slice(0, LONG) : text;
  const body = useMemo(() => (isJson && shown.length <= LONG * 5 ? coloured(shown) : shown), [shown, isJson]);
  return html`<div class="payload">
    <${Copy} text=${() => text} what=${what} />
    <pre tabindex="0" aria-label=${what}>${body}</pre>
    ${cut &&
    html`<button type="button" class="quiet more" onClick=${() => setWhole(true)}>
      Show all ${text.length.toLocaleString()} characters
    </button>`}
  </div>`;
}
