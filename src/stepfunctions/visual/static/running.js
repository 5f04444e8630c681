// One execution, while it runs and afterwards.
import { html, useMemo, useState } from "./preact.js";
import { address, followed, order } from "./api.js";
import { ExecutionPage } from "./execution.js";
import { Start } from "./machines.js";
import { link, short } from "./parts.js";

const ENDED_BADLY = ["FAILED", "TIMED_OUT", "ABORTED"];

export function Running({ arn }) {
  const [state, setState] = useState({ doc: null, error: null });
  const [refused, setRefused] = useState("");
  const source = useMemo(() => followed(arn, (more) => setState((before) => ({ ...before, ...more }))), [arn]);
  const execution = state.doc && state.doc.execution;
  const say = (what) => order(what, { arn }).then(() => setRefused(""), (error) => setRefused(error.message));
  const given = execution && execution.input;
  const text = given && typeof given === "object" ? state.doc.texts[given.$] : given;
  const machine = execution ? execution.machineArn : null;
  return html`<div class="running" id="content" tabindex="-1">
    <nav class="crumbs" aria-label="Where this is">
      <a href="#/">State machines</a>
      ${machine && html`<span aria-hidden="true">›</span> <a href=${link("machine", machine)} dir="auto">${short(machine)}</a>`}
      <span class="trouble-words" role="status">${refused || (state.error ? state.error.message : "")}</span>
      <span class="spring"></span>
      ${execution && execution.status === "RUNNING" && html`<button type="button" class="quiet" onClick=${() => say("stop")}>Stop</button>`}
      ${execution && ENDED_BADLY.includes(execution.status) && state.doc.redrivable && html`<button type="button" class="quiet" onClick=${() => say("redrive")}>Redrive</button>`}
      ${execution && html`<a class="button" href=${address("report", { arn })} download="report.html">Report</a>`}
      ${machine && html`<${Start} key=${text} arn=${machine} given=${text ?? "{}"} words="New execution" />`}
    </nav>
    ${!state.doc && state.error
      ? html`<p class="nothing" dir="auto">There is nothing to show of ${arn}</p>`
      : html`<${ExecutionPage} source=${source} key=${arn} />`}
  </div>`;
}
