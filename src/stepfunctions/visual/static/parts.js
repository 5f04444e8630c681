// What the console's pages are made of.
import { html } from "./preact.js";
import { Chart, number } from "./logs.js";

export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** The last part of an ARN. */
export function short(arn) {
  return String(arn).split(/[:/]/).at(-1);
}

/** A table of few rows: `columns` are words; each row is its cells, with a key. */
export function List({ label, columns, rows, empty }) {
  if (!rows.length) return html`<p class="nothing">${empty}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="list">
      <thead><tr>${columns.map((words) => html`<th scope="col" key=${words}>${words}</th>`)}</tr></thead>
      <tbody>${rows.map(({ key, cells }) => html`<tr key=${key}>${cells.map((cell, place) => html`<td key=${place}>${cell}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

/** What is shown while an answer is not there, and when it will not be. */
export function Waiting({ state, children }) {
  return html`<div>
    <p class=${state.error ? "trouble" : "trouble none"} role="status">${state.error ? state.error.message : ""}</p>
    ${state.answer ? children(state.answer) : !state.error && html`<p class="loading" role="status">Loading …</p>`}
  </div>`;
}

export function Page({ title, above, tools, children }) {
  return html`<main class="console-page" id="content" tabindex="-1">
    <div class="heading">
      <div>${above && html`<p class="above">${above}</p>`}<h1 dir="auto">${title}</h1></div>
      <span class="spring"></span>
      ${tools}
    </div>
    ${children}
  </main>`;
}

/** A measured course: its name, its last value, and a small picture. */
export function Course({ name, points, unit }) {
  const last = points.at(-1);
  return html`<figure class="course-of">
    <figcaption><span>${name}</span> <b>${last === undefined ? "–" : number(last)}${unit && last !== undefined ? ` ${unit}` : ""}</b></figcaption>
    ${points.length > 1 ? html`<${Chart} points=${points} name=${name} />` : html`<p class="muted small-words">${points.length ? "one value" : "nothing measured"}</p>`}
  </figure>`;
}
