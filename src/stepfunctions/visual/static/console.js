// The console: where the address leads, and what is around each page.
import { html, render, useEffect, useState } from "./preact.js";
import { useAnswer } from "./api.js";
import { Machine, Machines } from "./machines.js";
import { Running } from "./running.js";
import { Endpoints, Job, Jobs, Models, Triggers } from "./services.js";

const PLACES = [["", "State machines"], ["jobs", "Jobs"], ["endpoints", "Endpoints"], ["triggers", "Triggers"], ["models", "Models"]];
const INSIDE = { machine: "", execution: "", job: "jobs" };

function place() {
  return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
}

function shown([name, ...rest]) {
  if (name === "machine") return html`<${Machine} arn=${rest[0]} key=${rest[0]} />`;
  if (name === "execution") return html`<${Running} arn=${rest[0]} key=${rest[0]} />`;
  if (name === "job") return html`<${Job} kind=${rest[0]} name=${rest[1]} id=${rest[2]} definition=${rest[3]} />`;
  const pages = { jobs: Jobs, endpoints: Endpoints, triggers: Triggers, models: Models };
  return html`<${pages[name] ?? Machines} />`;
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
  const title = PLACES.find(([key]) => key === at)?.[1] ?? "State machines";
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
