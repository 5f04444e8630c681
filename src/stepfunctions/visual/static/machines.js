// State machines: all of them, and one with its executions and its definition.
import { html, useEffect, useRef, useState } from "./preact.js";
import { Badge, Filter, STATUSES, Tabs, Time, Toggle, duration, plural } from "./base.js";
import { Payload } from "./json.js";
import { ask, order, useAnswer } from "./api.js";
import { List, Page, Waiting, link } from "./parts.js";

const SHOWN = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/** The latest executions as a row of signs, the newest at the right, as people read time. */
function Latest({ latest }) {
  if (!latest.length) return html`<span class="muted">none yet</span>`;
  return html`<span class="latest">${[...latest].reverse().map((one) => html`<a
    key=${one.executionArn}
    class="dot"
    data-s=${one.status}
    href=${link("execution", one.executionArn)}
    title=${`${one.name}: ${(STATUSES[one.status] || ["", one.status])[1].toLowerCase()}`}
    aria-label=${`${one.name}, ${(STATUSES[one.status] || ["", one.status])[1].toLowerCase()}`}
  ><span aria-hidden="true">${(STATUSES[one.status] || ["·"])[0]}</span></a>`)}</span>`;
}

export function Machines() {
  const state = useAnswer("machines", {});
  const [words, setWords] = useState("");
  return html`<${Page} title="State machines" tools=${html`<${Filter} value=${words} onInput=${setWords} label="Filter by name" />`}>
    <${Waiting} state=${state}>${({ machines }) => html`<${List}
      label="State machines"
      columns=${["Name", "Type", "Latest executions", "Last started", "Created"]}
      empty=${machines.length ? "No state machine is called that." : "There is no state machine yet. Create one with boto3 or the SDK, and it is here."}
      rows=${machines.filter((one) => one.name.toLowerCase().includes(words.trim().toLowerCase())).map((one) => ({
        key: one.arn,
        cells: [
          html`<a href=${link("machine", one.arn)} dir="auto">${one.name}</a>`,
          one.type === "EXPRESS" ? "Express" : "Standard",
          html`<${Latest} latest=${one.latest} />`,
          html`<${Time} at=${one.latest[0]?.start} day=${true} />`,
          html`<${Time} at=${one.created} day=${true} />`,
        ],
      }))}
    />`}<//>
  <//>`;
}

/** An Express machine: nobody keeps its executions, so one is waited for. */
function Express({ arn }) {
  const [made, setMade] = useState(null);
  return html`<div class="stack">
    <div class="tools"><p class="muted">Executions of Express machines are not kept; one that is started here is shown when it has ended.</p>
      <span class="spring"></span><${Start} arn=${arn} words="Start execution" onEnd=${setMade} /></div>
    <div role="status">${made && html`<p><${Badge} status=${made.status} /> <b dir="auto">${made.name}</b> <span class="error-words">${made.error ?? ""}</span></p>`}</div>
    ${made && made.cause && html`<p dir="auto">${made.cause}</p>`}
    ${made && made.output && html`<${Payload} value=${made.output} what="Output" />`}
  </div>`;
}

function Executions({ arn, start }) {
  const [status, setStatus] = useState("");
  const [words, setWords] = useState("");
  const [wanted, setWanted] = useState("");
  const [from, setFrom] = useState(0);
  useEffect(() => {
    if (words === wanted) return undefined;
    const timer = setTimeout(() => { // not at each letter
      setWanted(words);
      setFrom(0);
    }, 200);
    return () => clearTimeout(timer);
  }, [words, wanted]);
  const state = useAnswer("executions", { arn, status, words: wanted, from: from || "" });
  const choose = (one) => {
    setStatus(one === status ? "" : one);
    setFrom(0);
  };
  return html`<div>
    <div class="tools">
      <div class="chips" role="group" aria-label="Show only">
        ${SHOWN.map((one) => html`<${Toggle} key=${one} pressed=${status === one} onToggle=${() => choose(one)}>
          <span class="only-sign" data-s=${one} aria-hidden="true">${STATUSES[one][0]}</span> ${STATUSES[one][1]}
        <//>`)}
      </div>
      <span class="spring"></span>
      <${Filter} value=${words} onInput=${setWords} label="Search names" />
      ${start}
    </div>
    <${Waiting} state=${state}>${({ executions, more, now }) => html`<div>
      <${List}
        label="Executions"
        columns=${["Name", "Status", "Started", "Took"]}
        empty=${status || wanted ? "No execution is like that." : "It was never started."}
        rows=${executions.map((one) => ({
          key: one.executionArn,
          cells: [
            html`<a href=${link("execution", one.executionArn)} dir="auto">${one.name}</a>`,
            html`<${Badge} status=${one.status} small=${true} />`,
            html`<${Time} at=${one.start} day=${true} />`,
            html`<span class="number">${duration((one.end ?? now) - one.start)}</span>`,
          ],
        }))}
      />
      ${(from > 0 || more) && html`<div class="turn">
        <button type="button" class="quiet" disabled=${!from} onClick=${() => setFrom(Math.max(0, from - 100))}>Newer</button>
        <span class="muted">${(from + 1).toLocaleString()} – ${(from + executions.length).toLocaleString()}</span>
        <button type="button" class="quiet" disabled=${!more} onClick=${() => setFrom(from + 100)}>Older</button>
      </div>`}
    </div>`}<//>
  </div>`;
}

/** Asks for the input of a new execution. */
export function Start({ arn, given = "{}", words = "Start execution", onEnd }) {
  const dialog = useRef(null);
  const [input, setInput] = useState(given);
  const [name, setName] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    try {
      setBusy(true);
      const made = await order("start", { arn, name: name.trim(), input, wait: Boolean(onEnd) });
      dialog.current?.close();
      if (onEnd) onEnd(made);
      else location.hash = link("execution", made.arn);
    } catch (refused) {
      setError(refused.message);
    } finally {
      setBusy(false);
    }
  };
  return html`<span>
    <button type="button" class="strong" onClick=${() => {
      setInput(given);
      setError("");
      dialog.current.showModal();
    }}>${words}</button>
    <dialog ref=${dialog} aria-label=${words}>
      <form onSubmit=${send}>
        <h2>${words}</h2>
        <label>Name <input type="text" value=${name} placeholder="made for you" onInput=${(event) => setName(event.target.value)} /></label>
        <label>Input, as JSON <textarea rows="12" spellcheck="false" value=${input} onInput=${(event) => setInput(event.target.value)}></textarea></label>
        <p class="error-words" role="alert">${error}</p>
        <div class="buttons"><button type="button" class="quiet" onClick=${() => dialog.current.close()}>Cancel</button>
          <button type="submit" class="strong" disabled=${busy}>Start</button></div>
      </form>
    </dialog>
  </span>`;
}

function Findings({ findings }) {
  if (!findings.length) return html`<p class="muted">The linter finds nothing.</p>`;
  return html`<ul class="findings">${findings.map((one, place) => html`<li key=${place} data-s=${{ error: "FAILED", warning: "CAUGHT" }[one.severity] ?? "RUNNING"}>
    <b>${one.severity}</b> <code>${one.path ?? "/"}</code> ${one.message} ${one.hint} <span class="muted">${one.rule}</span>
  </li>`)}</ul>`;
}

function Definition({ machine }) {
  const drawn = useRef(null);
  useEffect(() => {
    drawn.current.innerHTML = machine.svg;
    const svg = drawn.current.querySelector("svg");
    const { width, height } = svg.viewBox.baseVal;
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
  }, [machine.svg]);
  return html`<div class="definition">
    <div class="canvas" tabindex="0" role="region" aria-label="Graph of the states"><div class="drawn" ref=${drawn}></div></div>
    <div>
      <h2>Findings</h2>
      <${Findings} findings=${machine.findings} />
      <h2>Definition</h2>
      <${Payload} value=${machine.text} what="definition" />
    </div>
  </div>`;
}

export function Machine({ arn }) {
  const [machine, setMachine] = useState(null);
  const [error, setError] = useState(null);
  const [tab, setTab] = useState("executions");
  useEffect(() => {
    setMachine(null);
    ask("machine", { arn }).then(setMachine, setError);
  }, [arn]);
  const tabs = [["executions", "Executions"], ["definition", "Definition", machine ? machine.findings.length || undefined : undefined]];
  const above = html`<a href="#/">State machines</a>`;
  return html`<${Page} title=${machine ? machine.name : "…"} above=${above}>
    <${Waiting} state=${{ answer: machine, error }}>${() => html`<div class="box">
      <${Tabs} id="machine" label="Views" tabs=${tabs} chosen=${tab} onChoose=${setTab} />
      <div role="tabpanel" id="machine-panel" aria-labelledby=${`machine-tab-${tab}`} class="inside">
        ${tab !== "executions"
          ? html`<${Definition} machine=${machine} />`
          : machine.type === "EXPRESS" ? html`<${Express} arn=${arn} />` : html`<${Executions} arn=${arn} start=${html`<${Start} arn=${arn} />`} />`}
      </div>
    </div>`}<//>
    ${machine && html`<p class="muted small-words">${plural(Object.keys(machine.definition.States ?? {}).length, "state")} · <bdi>${machine.arn}</bdi></p>`}
  <//>`;
}
