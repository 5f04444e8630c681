// The console: where the address leads, and what is around each page.
import { html, render, useEffect, useState } from "./preact.js";
import { useAnswer } from "./api.js";
import { Machine, Machines } from "./machines.js";
import { Page } from "./parts.js";
import { Running } from "./running.js";
import { Endpoints, Job, Jobs, Models, Triggers } from "./services.js";

const PLACES = [["", "State machines"], ["jobs", "Jobs"], ["endpoints", "Endpoints"], ["triggers", "Triggers"], ["models", "Models"]];
const INSIDE = { machine: "", execution: "", job: "jobs" };

/** A part of an address as it was meant; one that somebody broke, as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function place() {
  return location.hash.replace(/^#\/?/, "").split("/").map(decoded);
}

function Nowhere({ name }) {
  return html`<${Page} title="There is no such page">
    <p class="nothing">Nothing is at <bdi><code>${name}</code></bdi>. All that there is begins with <a href="#/">the state machines</a>.</p>
  <//>`;
}

function shown([name, ...rest]) {
  if (name === "machine" && rest[0]) return html`<${Machine} arn=${rest[0]} key=${rest[0]} />`;
  if (name === "execution" && rest[0]) return html`<${Running} arn=${rest[0]} key=${rest[0]} />`;
  if (name === "job" && rest[1]) return html`<${Job} key=${rest.join("/")} kind=${rest[0]} name=${rest[1]} id=${rest[2]} definition=${rest[3]} />`;
  const pages = new Map([["", Machines], ["jobs", Jobs], ["endpoints", Endpoints], ["triggers", Triggers], ["models", Models]]);
  return pages.has(name) ? html`<${pages.get(name)} />` : html`<${Nowhere} name=${name} />`;
}

function Console() {
  const [now, setNow] = useState(place);
  const about = useAnswer("about", {}, 5000).answer;
  useEffect(() => {
    const go = () => {
      setNow(place());
      requestAnimationFrame(() => document.getElementById("content")?.focus({ preventScroll: true }));
    };
    addEventListener("hashchange", go);
    setNow(place()); // the address may have changed before anybody listened
    return () => removeEventListener("hashchange", go);
  }, []);
  const at = INSIDE[now[0]] ?? now[0];
  const title = PLACES.find(([key]) => key === at)?.[1] ?? "No such page";
  useEffect(() => {
    document.title = `${title} · Step Functions on this machine`;
  }, [title]);
  return html`<div class="console">
    <a class="skip" href="#content" onClick=${(event) => {
      event.preventDefault();
      document.getElementById("content").focus();
    }}>Skip to the content</a>
    <header class="bar-above">
      <b class="brand"><span aria-hidden="true">◆</span> Step Functions <span class="muted">on this machine</span></b>
      <nav aria-label="Pages">${PLACES.map(([key, words]) => html`<a key=${key} href=${`#/${key}`} aria-current=${key === at ? "page" : undefined}>${words}</a>`)}</nav>
      <span class="spring"></span>
      ${about && html`<span class="muted about" title=${about.data_dir}>${about.region} · ${about.account} · <time>${about.now.slice(0, 16).replace("T", " ")} UTC</time></span>`}
    </header>
    ${shown(now)}
  </div>`;
}

render(html`<${Console} />`, document.getElementById("app"));
