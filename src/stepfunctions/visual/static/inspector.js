// All about what is chosen: the execution, a state with its visits, an item of a Map Run, an event.
import { html, useState } from "./preact.js";
import { Badge, Time, duration, plural } from "./base.js";
import { Payload, messageOf } from "./json.js";
import { Lines } from "./logs.js";

const LAST_LINES = 40;

function Section({ name, open = true, children }) {
  return html`<details class="section" open=${open}><summary>${name}</summary>${children}</details>`;
}

function Facts({ facts }) {
  return html`<dl class="facts">${facts
    .filter(([, value]) => value !== undefined && value !== null && value !== false)
    .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Failure({ model, error, cause }) {
  if (!error && !cause) return null;
  const text = cause ? model.text(cause) : "";
  const said = messageOf(text);
  return html`<${Section} name="Error">
    <p class="error-name">${error ?? "No error name"}</p>
    ${said !== text && html`<p class="said">${said}</p>`}
    ${text && html`<${Payload} value=${text} what="Cause" />`}
  <//>`;
}

function Given({ model, name, value, open }) {
  return value === undefined || value === null
    ? null
    : html`<${Section} name=${name} open=${open}><${Payload} value=${model.text(value)} what=${name} /><//>`;
}

function Attempts({ model, attempts }) {
  if (!attempts || (attempts.length < 2 && attempts.every((one) => one.status === "SUCCEEDED"))) return null;
  return html`<${Section} name=${`Attempts (${attempts.length})`}>
    <ol class="attempts">${attempts.map((one, place) => html`<li key=${place}>
      <${Badge} status=${one.status} small=${true} />
      <span class="number">${duration((one.end ?? model.end) - one.scheduled)}</span>
      <span class="muted"><${Time} at=${one.scheduled} /></span>
      ${one.error && html`<div class="error-words">${one.error}${one.cause ? `: ${messageOf(model.text(one.cause)).slice(0, 300)}` : ""}</div>`}
    </li>`)}</ol>
  <//>`;
}

function Visits({ model, numbers, span, onSelect }) {
  if (numbers.length < 2) return null;
  const at = numbers.indexOf(span);
  const words = (number) => {
    const one = model.spans[number];
    const above = one.parent === undefined ? "" : one.item === null ? "" : `, item ${one.item}`;
    return `${one.status.toLowerCase()}${above}`;
  };
  const bad = numbers.findIndex((number, place) => place > at && model.spans[number].status === "FAILED");
  return html`<div class="visits" role="group" aria-label="Visits of this state">
    <button type="button" disabled=${at <= 0} onClick=${() => onSelect(numbers[at - 1])} aria-label="Visit before">‹</button>
    <span role="status">Visit ${(at + 1).toLocaleString()} of ${numbers.length.toLocaleString()}: ${words(span)}</span>
    <button
      type="button"
      disabled=${at >= numbers.length - 1}
      onClick=${() => onSelect(numbers[at + 1])}
      aria-label="Next visit"
    >›</button>
    ${bad >= 0 && html`<button type="button" class="quiet" onClick=${() => onSelect(numbers[bad])}>Next failed</button>`}
  </div>`;
}

function State({ model, name, span, onSpan, onLogs }) {
  const state = model.states.get(name);
  const numbers = model.byState.get(name) || [];
  const visit = span === null ? null : model.spans[span];
  const first = visit && visit.attempts ? visit.attempts[0] : null;
  const child = visit && visit.attempts ? visit.attempts.at(-1).child : null;
  const jobs = visit ? model.jobs[span].map((number) => [number, model.doc.jobs[number]]) : [];
  return html`<${Title} name=${name} kind=${state ? `${state.type} state` : ""} status=${visit ? visit.status : state?.status || "NOT_REACHED"} />
    <${Visits} model=${model} numbers=${numbers} span=${span} onSelect=${onSpan} />
    ${!visit && html`<p class="muted">${state && !state.status ? "It runs in executions of its own, one for each item: see the Map items." : "The execution did not come to this state."}</p>`}
    <${Facts} facts=${[
      ["Resource", first ? first.resource : state?.detail || null],
      ["Started", visit && visit.start !== undefined && html`<${Time} at=${visit.start} day=${true} />`],
      ["Took", visit && visit.start !== undefined && `${duration(model.endOf(visit) - visit.start)}${visit.end ? "" : " so far"}`],
      ["Retries", visit && visit.retries],
      ["Child execution", child && html`<code class="wrap">${child}</code>`],
      ["Inside", visit && visit.parent !== undefined && html`<button type="button" class="link" onClick=${() => onSpan(visit.parent)}>
        ${model.spans[visit.parent].state}${visit.item === null ? "" : `, item ${visit.item}`}
      </button>`],
    ]} />
    ${child && html`<${More} model=${model} arn=${child} />`}
    ${visit && html`<${Failure} model=${model} error=${visit.error} cause=${visit.cause} />`}
    ${visit && html`<${Attempts} model=${model} attempts=${visit.attempts} />`}
    ${visit && html`<${Given} model=${model} name="Input" value=${visit.input} />`}
    ${first && html`<${Given} model=${model} name="Task arguments" value=${first.parameters} open=${false} />`}
    ${visit && html`<${Given} model=${model} name="Output" value=${visit.output} />`}
    ${jobs.map(([number, job]) => job.lines.length > 0 && html`<${Section} key=${number} name=${`Log of ${job.name}`} open=${visit.status === "FAILED"}>
      <${Lines} lines=${job.lines.slice(-LAST_LINES)} />
      <button type="button" class="quiet" onClick=${() => onLogs(number)}>All ${plural(job.lines.length, "line")}</button>
    <//>`)}
    ${model.bodies.has(name) && html`<${Section} name="Definition" open=${false}>
      <${Payload} value=${model.bodies.get(name)} what="Definition" />
    <//>`}`;
}

/** How to look into another execution: of an Express one AWS tells nothing. */
function More({ model, arn }) {
  if (arn.includes(":express:")) return null;
  if (model.doc.live) return html`<p class="more"><a href=${`#/execution/${encodeURIComponent(arn)}`}>Open this execution</a></p>`;
  return html`<p class="muted more">More about it: <code class="wrap">stepfunctions report ${arn}</code></p>`;
}

function Item({ model, chosen }) {
  const map = model.doc.maps[chosen.map];
  const item = map.items[chosen.item];
  return html`<${Title} name=${item.name} kind=${`Item of ${map.state}`} status=${item.status} />
    <${Facts} facts=${[
      ["Failed state", item.state],
      ["Started", html`<${Time} at=${item.start} day=${true} />`],
      ["Took", duration((item.end ?? model.end) - item.start)],
      ["Execution", html`<code class="wrap">${item.arn}</code>`],
    ]} />
    <${Failure} model=${model} error=${item.error} cause=${item.cause} />
    <${Given} model=${model} name="Input" value=${item.input} />
    <${Given} model=${model} name="Output" value=${item.output} />
    <${More} model=${model} arn=${item.arn} />`;
}

function Event({ model, event }) {
  const details = {};
  for (const [key, value] of Object.entries(event[5])) details[key] = model.text(value);
  return html`<${Section} name=${`Event ${event[0]}: ${event[3]}`}>
    <${Facts} facts=${[["Time", html`<${Time} at=${event[2]} day=${true} />`], ["Follows", event[1] || "nothing"]]} />
    ${Object.entries(details).map(([key, value]) => html`<div key=${key} class="detail">
      <h3>${key}</h3>
      ${typeof value === "string" && value.length < 80 && !/^[[{]/.test(value)
        ? html`<code class="wrap">${value}</code>`
        : html`<${Payload} value=${value} what=${key} />`}
    </div>`)}
  <//>`;
}

function Execution({ model }) {
  const execution = model.doc.execution;
  return html`<${Title} name=${execution.name} kind=${`Execution of ${execution.machine}`} status=${execution.status} />
    <${Facts} facts=${[
      ["ARN", html`<code class="wrap">${execution.arn}</code>`],
      ["Type", execution.type.toLowerCase()],
      ["Redrives", execution.redrives || null],
      ["As of", html`<${Time} at=${model.doc.made} day=${true} />`],
    ]} />
    <${Failure} model=${model} error=${execution.error} cause=${execution.cause} />
    <${Given} model=${model} name="Input" value=${execution.input} />
    <${Given} model=${model} name="Output" value=${execution.output} />
    <${Section} name="Definition" open=${false}><${Payload} value=${model.doc.definition} what="Definition" /><//>`;
}

function Title({ name, kind, status }) {
  return html`<header class="inspected">
    <p class="muted">${kind}</p>
    <h2 dir="auto">${name.trim() ? name : JSON.stringify(name)}</h2>
    <${Badge} status=${status} />
  </header>`;
}

export function Inspector({ model, chosen, onSpan, onLogs, onClose }) {
  const { state, span, event, item } = chosen;
  let body;
  if (item && model.doc.maps[item.map].kind === "distributed") body = html`<${Item} model=${model} chosen=${item} />`;
  else if (state !== null) {
    body = html`<${State} key=${span ?? state} model=${model} name=${state} span=${span} onSpan=${onSpan} onLogs=${onLogs} />`;
  } else body = html`<${Execution} model=${model} />`;
  const something = state !== null || item || event;
  return html`<aside class="inspector" aria-label="Details">
    ${something && html`<button type="button" class="quiet close" onClick=${onClose}>Show the execution</button>`}
    ${event && html`<${Event} key=${event[0]} model=${model} event=${event} />`}
    ${body}
  </aside>`;
}
