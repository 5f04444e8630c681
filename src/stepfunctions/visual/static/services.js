// What is beside the state machines: jobs, endpoints, triggers, models.
import { html, useMemo, useState } from "./preact.js";
import { Badge, Filter, Time, duration, plural } from "./base.js";
import { Lines, Metrics, number } from "./logs.js";
import { useAnswer } from "./api.js";
import { Course, List, Page, Waiting, link, short } from "./parts.js";

export function Jobs() {
  const state = useAnswer("jobs", {});
  const [words, setWords] = useState("");
  const tools = html`<${Filter} value=${words} onInput=${setWords} label="Filter jobs" />`;
  return html`<${Page} title="Jobs" tools=${tools}>
    <${Waiting} state=${state}>${({ jobs, now }) => html`<${List}
      label="Jobs"
      columns=${["Name", "Kind", "Status", "Started", "Took", "Error"]}
      empty=${jobs.length ? "No job is like that." : "No training, processing or Glue job and no container has run yet."}
      rows=${jobs.filter((one) => `${one.name} ${one.kind}`.toLowerCase().includes(words.trim().toLowerCase())).map((one) => ({
        key: `${one.kind}/${one.name}/${one.id ?? ""}`,
        cells: [
          html`<a href=${link("job", one.kind, one.name, one.id ?? "", one.definition ?? "")} dir="auto">${one.name}</a>`,
          one.kind,
          html`<${Badge} status=${one.status} small=${true} />`,
          html`<${Time} at=${one.start} day=${true} />`,
          html`<span class="number">${duration((one.end ?? now) - one.start)}</span>`,
          html`<span class="error-words cut" title=${one.error}>${one.error ?? ""}</span>`,
        ],
      }))}
    />`}<//>
  <//>`;
}

export function Job({ kind, name, id, definition }) {
  const state = useAnswer("job", { kind, name, id, definition });
  return html`<${Page} title=${name} above=${html`<a href="#/jobs">Jobs</a> · ${kind}`}>
    <${Waiting} state=${state}>${(job) => html`<div class="stack">
      ${(job.metrics.length > 0 || Object.keys(job.facts).length > 0) && html`<${Metrics} jobs=${[job]} />`}
      ${job.notes.map((note) => html`<p class="trouble" key=${note}>${note}</p>`)}
      <h2>Log</h2>
      ${job.lines.length ? html`<${Lines} lines=${job.lines} />` : html`<p class="nothing">It has printed nothing.</p>`}
    </div>`}<//>
  <//>`;
}

const METRICS = {
  Invocations: "Requests a minute",
  ModelLatency: "Latency",
  Invocation4XXErrors: "4XX errors",
  Invocation5XXErrors: "5XX errors",
};
const ENDPOINT = { InService: "SUCCEEDED", Failed: "FAILED", Creating: "RUNNING", Updating: "RUNNING", Deleting: "ABORTED" };

/** How the traffic is divided: said in words, and drawn. */
function Split({ endpoint }) {
  const pending = endpoint.pending;
  const said = pending && pending.variants[0] && pending.variants[0].message;
  const share = said ? Number.parseFloat(said) : 0;
  const fleets = [[endpoint.config, pending ? 100 - share : 100, "old"]];
  if (pending) fleets.push([pending.config, share, "new"]);
  return html`<div class="split">
    ${fleets.map(([config, part, which]) => html`<div key=${which} class="fleet">
      <p><bdi>${config}</bdi> <span class="muted">${pending ? `${which} fleet, ` : ""}${number(part)} % of the traffic</span></p>
      <div class="meter" data-w=${which}><span style=${{ width: `${part}%` }}></span></div>
    </div>`)}
    ${said && html`<p class="muted" role="status">${pending.variants[0].status}: ${said}</p>`}
  </div>`;
}

function Endpoint({ endpoint }) {
  const variants = [...new Set(endpoint.metrics.map((one) => one.variant))];
  return html`<article class="card wide">
    <h2><bdi>${endpoint.name}</bdi> <${Badge} status=${ENDPOINT[endpoint.status] ?? "RUNNING"} words=${endpoint.status} /></h2>
    ${endpoint.reason && html`<p class="error-words">${endpoint.reason}</p>`}
    <${Split} endpoint=${endpoint} />
    <p class="muted">${endpoint.variants.map((one) => `${one.name}: ${plural(one.instances ?? 0, "instance")}, weight ${one.weight ?? 1}`).join(" · ")}</p>
    ${variants.map((variant) => html`<div class="courses" key=${variant} aria-label=${`Metrics of ${variant}`} role="group">
      ${endpoint.metrics.filter((one) => one.variant === variant).map((one) => html`<${Course}
        key=${one.name}
        name=${`${variants.length > 1 ? `${variant}: ` : ""}${METRICS[one.name] ?? one.name}`}
        points=${one.name === "ModelLatency" ? one.points.map((value) => value / 1000) : one.points}
        unit=${one.name === "ModelLatency" ? "ms" : ""}
      />`)}
    </div>`)}
  </article>`;
}

export function Endpoints() {
  const state = useAnswer("endpoints", {}, 1000);
  return html`<${Page} title="Endpoints">
    <${Waiting} state=${state}>${({ endpoints }) => (endpoints.length
      ? html`<div class="stack">${endpoints.map((one) => html`<${Endpoint} key=${one.name} endpoint=${one} />`)}</div>`
      : html`<p class="nothing">No endpoint serves yet.</p>`)}<//>
  <//>`;
}

export function Triggers() {
  const state = useAnswer("triggers", {});
  return html`<${Page} title="Triggers">
    <${Waiting} state=${state}>${({ triggers }) => html`<${List}
      label="Triggers"
      columns=${["Name", "Kind", "When", "Next", "Starts"]}
      empty="Nothing is started by a schedule or by an event yet."
      rows=${triggers.map((one) => ({
        key: `${one.kind}/${one.group}/${one.name}`,
        cells: [
          html`<bdi>${one.name}</bdi>${one.group !== "default" && html` <span class="muted">in <bdi>${one.group}</bdi></span>`}`,
          one.on ? one.kind : `${one.kind}, off`,
          html`<code class="pattern">${one.when}</code>`,
          one.next ? html`<${Time} at=${one.next} day=${true} />` : html`<span class="muted">${one.kind === "Schedule" ? "never again" : "when it happens"}</span>`,
          one.targets.map((arn) => (arn.includes(":stateMachine:")
            ? html`<a key=${arn} href=${link("machine", arn)}>${short(arn)}</a>`
            : html`<span key=${arn} title=${arn}>${short(arn)}</span>`)),
        ],
      }))}
    />`}<//>
  <//>`;
}

function Drifts({ drift }) {
  const [words, setWords] = useState("");
  const shown = useMemo(() => drift.filter((one) => one.name.toLowerCase().includes(words.trim().toLowerCase())), [drift, words]);
  return html`<section class="stack">
    <div class="heading"><h2>Drift</h2><span class="spring"></span>
      ${drift.length > 8 && html`<${Filter} value=${words} onInput=${setWords} label="Filter models" />`}</div>
    <p class="muted">Above 1, a model's data are no longer those that it was trained on. The latest value is beside each name; the farthest come first.</p>
    <div class="courses">${shown.slice(0, 60).map((one) => html`<div key=${one.namespace + one.name} class="card" data-s=${one.points.at(-1) > 1 ? "FAILED" : "SUCCEEDED"}>
      <${Course} name=${one.name} points=${one.points} />
      <p class="muted small-words">${one.points.at(-1) > 1 ? "✕ drifted" : "✓ stable"} · ${plural(one.points.length, "day")} measured</p>
    </div>`)}</div>
    ${shown.length > 60 && html`<p class="muted">${plural(shown.length - 60, "more model")}: filter by name.</p>`}
  </section>`;
}

const APPROVAL = { Approved: "SUCCEEDED", Rejected: "FAILED", PendingManualApproval: "RUNNING" };

/** How each score went from version to version, the oldest first. */
function History({ versions }) {
  const ordered = versions.toSorted((one, other) => one.version - other.version);
  const names = [...new Set(ordered.flatMap((one) => Object.keys(one.scores)))];
  const courses = names.map((name) => [name, ordered.filter((one) => name in one.scores).map((one) => one.scores[name])]);
  const drawn = courses.filter(([, points]) => points.length > 1);
  if (!drawn.length) return null;
  return html`<div class="courses" role="group" aria-label="Scores from version to version">
    ${drawn.map(([name, points]) => html`<div class="card" key=${name}><${Course} name=${name} points=${points} />
      <p class="muted small-words">${plural(points.length, "version")}, the latest beside its name</p></div>`)}
  </div>`;
}

export function Models() {
  const state = useAnswer("models", {}, 5000);
  return html`<${Page} title="Models">
    <${Waiting} state=${state}>${({ groups, drift }) => (groups.length || drift.length
      ? html`<div class="stack">
        ${groups.map((group) => html`<section key=${group.name}>
          <h2 dir="auto">${group.name}</h2>
          <${List}
            label=${`Versions of ${group.name}`}
            columns=${["Version", "Approval", "Scores", "Created"]}
            empty="It has no version yet."
            rows=${group.versions.map((one) => ({
              key: one.arn,
              cells: [
                html`<span title=${one.arn}>${one.version}</span>`,
                html`<${Badge} small=${true} status=${APPROVAL[one.approval] ?? "NOT_REACHED"} words=${one.approval ?? one.status} />`,
                Object.entries(one.scores).map(([name, value]) => html`<span class="score" key=${name}><bdi>${name}</bdi> ${number(value)}</span>`),
                html`<${Time} at=${one.created} day=${true} />`,
              ],
            }))}
          />
          <${History} versions=${group.versions} />
        </section>`)}
        ${drift.length > 0 && html`<${Drifts} drift=${drift} />`}
      </div>`
      : html`<p class="nothing">No model is registered, and none was looked at for drift yet.</p>`)}<//>
  <//>`;
}
