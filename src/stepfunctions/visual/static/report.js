// A report: the document is inside the page.
import { html, render } from "./preact.js";
import { ExecutionPage } from "./execution.js";

export function inlined() {
  const document_ = JSON.parse(document.getElementById("document").textContent);
  return { load: () => Promise.resolve(document_), subscribe: () => () => {} };
}

const reported = inlined();
render(html`<${ExecutionPage} source=${reported} />`, document.getElementById("app"));
