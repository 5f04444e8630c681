// The history, event by event.
import { html, useMemo, useState } from "./preact.js";
import { Filter, Time, Toggle, duration } from "./base.js";
import { Table } from "./table.js";

/** The colour of an event, by its type. */
export function looks(type) {
  if (/(Failed|TimedOut)$/.test(type)) return "FAILED";
  if (/Aborted$/.test(type)) return "ABORTED";
  return /Succeeded$/.test(type) ? "SUCCEEDED" : "";
}

/** What an event says, in one line. */
export function summary(model, event) {
  const details = event[5];
  if (details.error) return `${details.error}${details.cause ? `: ${model.text(details.cause)}` : ""}`;
  const named = details.resourceType ? `${details.resourceType}:${model.text(details.resource) ?? ""}` : "";
  const text = named || model.text(details.resource ?? details.output ?? details.input ?? details.mapRunArn);
  if (details.index !== undefined) return `Item ${details.index}`;
  return typeof text === "string" ? text.slice(0, 300) : "";
}

export function Events({ model, selected, onSelect }) {
  const [words, setWords] = useState("");
  const [bad, setBad] = useState(false);
  const events = model.doc.events;
  const shown = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    return events.filter((event) => {
      if (bad && !["FAILED", "ABORTED"].includes(looks(event[3]))) return false;
      if (!wanted) return true;
      const state = event[4] === null ? "" : model.spans[event[4]].state;
      return `${event[0]} ${event[3]} ${state} ${summary(model, event)}`.toLowerCase().includes(wanted);
    });
  }, [model, words, bad]);
  const index = useMemo(() => shown.findIndex((event) => event[0] === selected), [shown, selected]);
  return html`<div class="part">
    <div class="bar-of-tools">
      <${Filter} value=${words} onInput=${setWords} label="Filter by type, state or text" />
      <${Toggle} pressed=${bad} onToggle=${setBad}>Errors only<//>
      <span class="spring"></span>
      <span class="muted" role="status">${shown.length.toLocaleString()} of ${events.length.toLocaleString()}</span>
    </div>
    <${Table}
      id="events"
      label="Events"
      columns=${[
        ["ID", "4.2rem"], ["Time", "7.4rem"], ["After", "5.6rem"], ["Type", "minmax(10rem, 15rem)"],
        ["State", "minmax(6rem, 1fr)"], ["Details", "minmax(8rem, 2fr)"],
      ]}
      count=${shown.length}
      selected=${index}
      onSelect=${(place) => onSelect(shown[place])}
      status=${(place) => looks(shown[place][3])}
      empty="No event is like that."
      row=${(place) => {
        const event = shown[place];
        return [
          html`<span class="number">${event[0]}</span>`,
          html`<${Time} at=${event[2]} />`,
          html`<span class="number muted">${event[2] === null ? "–" : duration(event[2] - model.start)}</span>`,
          html`<span class="type">${event[3]}</span>`,
          event[4] === null ? "" : model.spans[event[4]].state,
          html`<span class="muted">${summary(model, event)}</span>`,
        ];
      }}
    />
  </div>`;
}
