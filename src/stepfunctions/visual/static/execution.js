// The page of one execution. Where its document comes from is another's business: a source has load() and subscribe().
import { html, useEffect, useMemo, useState } from "./preact.js";
import { Badge, Tabs, Time, duration, plural } from "./base.js";
import { messageOf } from "./json.js";
import { modelOf } from "./model.js";
import { Graph } from "./graph.js";
import { Timeline } from "./timeline.js";
import { Events } from "./events.js";
import { Maps } from "./maps.js";
import { Logs, Metrics } from "./logs.js";
import { Inspector } from "./inspector.js";

const NOTHING = { state: null, span: null, event: null, item: null };

/** What is chosen when the page opens: where it failed, else the execution. */
function firstChosen(model) {
  const failure = model.doc.failure;
  if (!failure || failure.span === undefined) return NOTHING;
  return failureOf(model);
}

function failureOf(model) {
  const failure = model.doc.failure;
  const item = failure.map === undefined ? null : { map: failure.map, item: failure.mapItem };
  return { ...NOTHING, state: failure.state, span: item ? null : failure.span, item };
}

/** What is chosen, where it is now: a document that was read anew may list other items, or in another order. */
function placed(chosen, doc) {
  if (!chosen.item) return chosen;
  const { span, arn, name } = chosen.item.of;
  const map = doc.maps.findIndex((one) => one.span === span && one.arn === arn);
  const item = map < 0 ? -1 : doc.maps[map].items.findIndex((one) => one.name === name);
  return { ...chosen, item: item < 0 ? null : { ...chosen.item, map, item } };
}

function Banner({ model, onShow }) {
  const { failure, execution } = model.doc;
  const [whole, setWhole] = useState(false);
  if (!failure) return null;
  const cause = failure.cause === undefined || failure.cause === null ? "" : messageOf(model.text(failure.cause)).trim();
  const words = failure.path.map((one, place) => {
    const below = failure.path[place + 1];
    return below && below.item !== null ? `${one.state} (item ${below.item})` : one.state;
  });
  if (failure.itemName !== undefined) {
    words.push(`item ${failure.itemName}`);
    if (failure.state !== failure.path.at(-1).state) words.push(failure.state);
  }
  for (const one of failure.below ?? []) {
    words.push(one.arn.split(":").slice(-2).join("/"));
    if (one.state) words.push(one.state);
  }
  const deepest = (failure.below ?? []).map((one) => one.state).filter(Boolean).at(-1) ?? failure.state;
  const long = cause.length > 240 || cause.includes("\n");
  const verb = { TIMED_OUT: "timed out", ABORTED: "was stopped" }[execution.status] ?? "failed";
  return html`<section class="banner" data-s=${execution.status} role="region" aria-label="Error">
    <div>
      <p class="headline">
        <span class="sign" aria-hidden="true">✕</span>${" "}
        ${deepest
          ? html`<b dir="auto">${deepest}</b> failed${failure.error ? html`: <code>${failure.error}</code>` : ""}`
          : html`The execution ${verb}${failure.error ? html`: <code>${failure.error}</code>` : ""}`}
      </p>
      ${words.length > 1 && html`<p class="path">${words.map((word, place) => [place ? " › " : "", html`<bdi key=${place}>${word}</bdi>`])}</p>`}
      ${cause && html`<p class=${whole ? "cause whole" : "cause"}>${whole || !long ? cause : `${cause.slice(0, 240)}…`}</p>`}
    </div>
    <div class="buttons">
      ${long && html`<button type="button" class="quiet" onClick=${() => setWhole(!whole)}>${whole ? "Less" : "Whole cause"}</button>`}
      ${failure.span !== undefined && html`<button type="button" class="strong" onClick=${onShow}>Show the failed state</button>`}
    </div>
  </section>`;
}

function Header({ model }) {
  const execution = model.doc.execution;
  const retries = model.spans.reduce((sum, span) => sum + (span.retries || 0), 0);
  const caught = model.spans.filter((span) => span.status === "CAUGHT").length;
  return html`<header class="top">
    <div class="title">
      <p class="muted" dir="auto">${execution.machine}</p>
      <h1 dir="auto">${execution.name}</h1>
    </div>
    <span aria-live="polite"><${Badge} status=${execution.status} /></span>
    ${execution.redacted && html`<span class="muted">Values are redacted</span>`}
    <dl class="summary">
      <div><dt>Started</dt><dd><${Time} at=${execution.start} day=${true} /></dd></div>
      <div><dt>${execution.end === null ? "Runs for" : "Took"}</dt><dd>${duration(model.end - model.start)}</dd></div>
      <div><dt>States entered</dt><dd>${model.spans.length.toLocaleString()}</dd></div>
      <div><dt>Retries</dt><dd>${retries.toLocaleString()}</dd></div>
      <div><dt>Caught errors</dt><dd>${caught.toLocaleString()}</dd></div>
    </dl>
  </header>`;
}

function tabsOf(doc) {
  const trained = doc.jobs.filter((job) => job.metrics.length || job.kind === "training job");
  const tabs = [["graph", "Graph"], ["timeline", "Timeline"], ["events", "Events", doc.events.length]];
  if (doc.maps.length) tabs.push(["maps", "Map items", doc.maps.reduce((sum, map) => sum + map.items.length, 0)]);
  if (doc.jobs.some((job) => job.lines.length)) tabs.push(["logs", "Logs"]);
  if (trained.length) tabs.push(["metrics", "Training", trained.length]);
  return [tabs, trained];
}

export function ExecutionPage({ source }) {
  const [doc, setDoc] = useState(null);
  const [trouble, setTrouble] = useState("");
  const [tab, setTab] = useState("graph");
  const [chosen, keep] = useState(null);
  const [job, setJob] = useState(null);
  useEffect(() => {
    source.load().then(setDoc, (error) => setTrouble(error.message));
    return source.subscribe(setDoc);
  }, [source]);
  const model = useMemo(() => (doc ? modelOf(doc) : null), [doc]);
  if (!model) return html`<p class=${trouble ? "loading over" : "loading"} role="status">${trouble || "Loading …"}</p>`;
  const now = chosen ? placed(chosen, doc) : firstChosen(model);
  const setChosen = ({ item, ...next }) => {
    if (!item) return keep({ ...next, item });
    const { span, arn, items } = doc.maps[item.map];
    return keep({ ...next, item: { ...item, of: { span, arn, name: items[item.item].name } } });
  };
  const [tabs, trained] = tabsOf(doc);
  const state = (name) => {
    const visits = name === null ? [] : model.byState.get(name) || [];
    const span = visits.findLast((number) => model.spans[number].status === "FAILED") ?? visits.at(-1) ?? null;
    setChosen({ ...NOTHING, state: name, span });
  };
  const span = (number, more) => setChosen({ ...NOTHING, state: model.spans[number].state, span: number, ...more });
  const event = (one) => (one[4] === null ? setChosen({ ...NOTHING, event: one }) : span(one[4], { event: one }));
  const item = (one) => {
    if (one === null) return setChosen(NOTHING);
    const map = doc.maps[one.map];
    const visit = map.items[one.item].span;
    return visit === undefined
      ? setChosen({ ...NOTHING, item: one, state: map.items[one.item].state ?? null })
      : span(visit, { item: one });
  };
  const logs = (number) => {
    setJob(number);
    setTab("logs");
  };
  const panels = {
    graph: () => html`<${Graph} model=${model} selected=${now.state} onSelect=${state} />`,
    timeline: () => html`<${Timeline} model=${model} selected=${now.span} item=${now.item} onSelect=${span} onItem=${item} />`,
    events: () => html`<${Events} model=${model} selected=${now.event && now.event[0]} onSelect=${event} />`,
    maps: () => html`<${Maps} model=${model} selected=${now.item} onSelect=${item} />`,
    logs: () => html`<${Logs} model=${model} job=${job} onJob=${setJob} />`,
    metrics: () => html`<${Metrics} jobs=${trained} />`,
  };
  return html`<div class="page">
    <a class="skip" href="#details">Skip to the details</a>
    <${Header} model=${model} />
    <${Banner} model=${model} onShow=${() => {
      setTab("graph");
      setChosen(failureOf(model));
    }} />
    ${doc.notes.length > 0 && html`<section class="notes" aria-label="What is missing" tabindex="0">
      <ul>${doc.notes.map((note) => html`<li key=${note}>${note}</li>`)}</ul>
    </section>`}
    <main>
      <div class="views">
        <${Tabs} id="view" label="Views" tabs=${tabs} chosen=${tab} onChoose=${setTab} />
        <div role="tabpanel" id="view-panel" class="panel" aria-labelledby=${`view-tab-${tab}`} key=${tab}>${panels[tab]()}</div>
      </div>
      <div id="details" class="side" tabindex="-1">
        <${Inspector} model=${model} chosen=${now} onSpan=${span} onLogs=${logs} onClose=${() => setChosen(NOTHING)} />
      </div>
    </main>
  </div>`;
}
