// What functions and jobs printed, and the metrics of training jobs.
import { html, useMemo, useState } from "./preact.js";
import { Filter, Time, Toggle, plural } from "./base.js";
import { Table } from "./table.js";

const BAD_LINE = /\b(error|exception|traceback|fatal|critical|failed)\b/i;

/** A course of values as a small picture. */
export function Chart({ points, name }) {
  const [width, height, edge] = [260, 64, 5];
  const low = Math.min(...points);
  const high = Math.max(...points);
  const x = (place) => edge + (place / Math.max(1, points.length - 1)) * (width - 2 * edge);
  const y = (value) => height - edge - ((value - low) / (high - low || 1)) * (height - 2 * edge);
  const course = points.map((value, place) => `${place ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`);
  const words = `${name}: ${points.length} values from ${number(points[0])} to ${number(points.at(-1))}, `
    + `lowest ${number(low)}, highest ${number(high)}`;
  return html`<svg class="chart" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${words}>
    <title>${words}</title>
    <path class="area" d=${`${course.join("")}L${x(points.length - 1)} ${height}L${x(0)} ${height}Z`} />
    <path class="course" d=${course.join("")} />
    <circle cx=${x(points.length - 1)} cy=${y(points.at(-1))} r="3" />
  </svg>`;
}

export function number(value) {
  if (typeof value === "string") return value; // nan and inf
  return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(3)
    : Number(value.toPrecision(5)).toLocaleString(undefined, { maximumFractionDigits: 6 });
}

export function Metrics({ jobs }) {
  return html`<div class="cards">${jobs.map((job) => html`<section class="card" key=${job.name}>
    <h2>${job.name}</h2>
    ${job.failed && html`<p class="error-words">✕ Failed</p>`}
    ${job.metrics.map((metric) => html`<figure key=${metric.name}>
      <figcaption><span>${metric.name}</span><b>${number(metric.value)}</b></figcaption>
      ${metric.points.length > 1 && html`<${Chart} points=${metric.points} name=${metric.name} />`}
    </figure>`)}
    <${Pairs} pairs=${job.facts} />
    ${Object.keys(job.parameters).length > 0 && html`<details class="section">
      <summary>Hyperparameters</summary><${Pairs} pairs=${job.parameters} />
    </details>`}
  </section>`)}</div>`;
}

function Pairs({ pairs }) {
  return html`<dl class="facts">${Object.entries(pairs).map(([name, value]) => html`<div key=${name}>
    <dt>${name}</dt><dd>${value}</dd>
  </div>`)}</dl>`;
}

/** The last lines of a job, few enough to be shown as they are. */
export function Lines({ lines }) {
  return html`<pre class="lines" tabindex="0" aria-label="Last lines of the log">${lines.map(
    ([at, line], place) => html`<span key=${place} class=${BAD_LINE.test(line) ? "bad" : ""}>${line}\n</span>`,
  )}</pre>`;
}

export function Logs({ model, job: given, onJob }) {
  const jobs = model.doc.jobs;
  const [words, setWords] = useState("");
  const [bad, setBad] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const all = useMemo(() => {
    const lines = [];
    jobs.forEach((job, at) => {
      if (given === null || given === at) job.lines.forEach(([time, line]) => lines.push([time, at, line]));
    });
    return given === null ? lines.sort((a, b) => a[0] - b[0]) : lines;
  }, [jobs, given]);
  const shown = useMemo(() => {
    const wanted = words.toLowerCase();
    return all.filter(([, at, line]) => (!bad || BAD_LINE.test(line)) && (!wanted || line.toLowerCase().includes(wanted)));
  }, [all, words, bad]);
  return html`<div class="part">
    <div class="bar-of-tools">
      <select aria-label="Function or job" value=${given === null ? "" : given} onChange=${(event) => {
        setChosen(-1);
        onJob(event.target.value === "" ? null : Number(event.target.value));
      }}>
        <option value="">All of ${plural(jobs.length, "function and job", "functions and jobs")}</option>
        ${jobs.map((job, at) => html`<option value=${at} key=${at}>
          ${job.failed ? "✕ " : ""}${job.kind} ${job.name} (${plural(job.lines.length, "line")})
        </option>`)}
      </select>
      <${Filter} value=${words} onInput=${setWords} label="Filter lines" />
      <${Toggle} pressed=${bad} onToggle=${setBad}>Errors only<//>
      <span class="spring"></span>
      <span class="muted" role="status">${plural(shown.length, "line")}</span>
    </div>
    <${Table}
      id="logs"
      label="Logs"
      columns=${[["Time", "7.4rem"], ["From", given === null ? "minmax(5rem, 12rem)" : "0"], ["Line", "minmax(20rem, 1fr)"]]}
      count=${shown.length}
      selected=${Math.min(chosen, shown.length - 1)}
      onSelect=${setChosen}
      status=${(place) => (BAD_LINE.test(shown[place][2]) ? "FAILED" : "")}
      empty="No line is like that."
      row=${(place) => {
        const [time, at, line] = shown[place];
        return [
          html`<${Time} at=${time} />`,
          html`<span class="muted">${given === null ? jobs[at].name : ""}</span>`,
          html`<code title=${line}>${line}</code>`,
        ];
      }}
    />
    ${chosen >= 0 && shown[chosen] && html`<pre class="whole-line" tabindex="0" aria-label="The whole line">${shown[chosen][2]}</pre>`}
  </div>`;
}
