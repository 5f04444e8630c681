// When what happened: one row for each visit of a state, nested as the states are.
import { html, useEffect, useMemo, useState } from "./preact.js";
import { Filter, STATUSES, Sign, Toggle, duration } from "./base.js";
import { Table } from "./table.js";
import { keysAbove, rowsOf } from "./model.js";

const MANY = 300;
const WIDE = 99.4; // per cent of the lane: the mark of what took no time at the end must be seen too
const BAD = ["FAILED", "TIMED_OUT", "CAUGHT", "ABORTED"];
const UNITS = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].map((one) => one * 1000),
);

/** Marks of the axis: about five, at round times after the start. */
function ticks(length) {
  const unit = UNITS.find((one) => length / one <= 6) ?? Math.ceil(length / 6 / 86400000) * 86400000;
  const marks = [];
  for (let at = 0; at <= length; at += unit) marks.push(at);
  return marks;
}

function short(ms) {
  if (ms === 0) return "0";
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60000) return `${ms / 1000} s`;
  if (ms < 3600000) return `${ms / 60000} min`;
  return ms < 86400000 ? `${ms / 3600000} h` : `${ms / 86400000} d`;
}

function Bar({ model, row, view }) {
  const [from, to] = view;
  const place = (time) => ((time - from) / (to - from)) * WIDE;
  const start = row.start ?? from;
  const end = row.end ?? model.end;
  const span = row.name === undefined ? model.spans[row.number] : null;
  const tries = span && span.attempts && span.attempts.length > 1 ? span.attempts : [];
  const left = Math.max(-1, place(start));
  const right = Math.min(101, place(end));
  return html`<div class="lane" title=${`${(STATUSES[row.status] || ["", ""])[1]}, ${duration(end - start)}`}>
    ${right >= 0 && left <= 100 && html`<div
      class=${`bar${tries.length ? " faint" : ""}${row.name === undefined ? "" : " item"}`}
      data-s=${row.status}
      style=${{ left: `${left}%`, width: `${Math.max(0, right - left)}%` }}
    ></div>`}
    ${tries.map((one) => {
      const a = Math.max(-1, place(one.scheduled ?? start));
      const b = Math.min(101, place(one.end ?? end));
      return b >= 0 && a <= 100 && html`<div
        class="bar"
        data-s=${one.status}
        style=${{ left: `${a}%`, width: `${Math.max(0, b - a)}%` }}
      ></div>`;
    })}
  </div>`;
}

function nameOf(model, row) {
  return row.name ?? model.spans[row.number].state;
}

function isItem(row, item) {
  return Boolean(row.mapItem && item && row.mapItem.map === item.map && row.mapItem.item === item.item);
}

export function Timeline({ model, selected, item, onSelect, onItem }) {
  const [toggled, setToggled] = useState(() => new Map());
  const [words, setWords] = useState("");
  const [bad, setBad] = useState(false);
  const [view, setView] = useState(null);
  const few = model.spans.length <= MANY;
  const all = useMemo(
    () => rowsOf(model, (key, inside) => {
      if (words || bad) return true;
      return toggled.get(key) ?? (few || (key[0] === "s" && inside <= MANY / 6));
    }),
    [model, toggled, words, bad],
  );
  const rows = useMemo(() => {
    const wanted = words.toLowerCase();
    return all.filter((row) =>
      (!bad || BAD.includes(row.status)) &&
      (!wanted || nameOf(model, row).toLowerCase().includes(wanted)));
  }, [all, words, bad]);
  useEffect(() => {
    if (selected === null || selected === undefined || rows.some((row) => row.number === selected)) return;
    const keys = keysAbove(model, selected).filter((key) => !toggled.get(key));
    if (keys.length) setToggled(new Map([...toggled, ...keys.map((key) => [key, true])]));
  }, [selected]);
  const toggle = (row, open) => setToggled(new Map(toggled).set(row.key, open));
  const index = rows.findIndex((row) =>
    isItem(row, item) || (row.number !== undefined && row.number === selected && row.name === undefined));
  const [chosenKey, setChosenKey] = useState(null);
  const at = chosenKey && !item ? rows.findIndex((row) => row.key === chosenKey && row.number === selected) : -1;
  const current = at >= 0 ? at : index;
  const choose = (place) => {
    setChosenKey(rows[place].key);
    if (rows[place].mapItem) onItem(rows[place].mapItem);
    else onSelect(rows[place].number);
  };
  const key = (event, place) => {
    const row = rows[place];
    if (!row || !row.inside) return false;
    if (event.key === "ArrowRight" && !row.open) toggle(row, true);
    else if (event.key === "ArrowLeft" && row.open) toggle(row, false);
    else return false;
    return true;
  };
  const whole = [model.start, Math.max(model.end, model.start + 1)];
  const shown = view ?? whole;
  const length = shown[1] - shown[0];
  const near = (factor) => {
    const chosen = current >= 0 ? rows[current] : null;
    const middle = chosen ? ((chosen.start ?? shown[0]) + (chosen.end ?? shown[1])) / 2 : (shown[0] + shown[1]) / 2;
    const wide = Math.max(1, length * factor);
    if (wide >= whole[1] - whole[0]) setView(null);
    else {
      const from = Math.max(whole[0], Math.min(whole[1] - wide, middle - wide / 2));
      setView([from, from + wide]);
    }
  };
  const offset = shown[0] - whole[0];
  const axis = html`<div class="lane axis">${ticks(length).map(
    (mark) => html`<span style=${{ left: `${(mark / length) * WIDE}%` }}>${
      offset ? `+${duration(offset + mark)}` : short(mark)
    }</span>`,
  )}</div>`;
  return html`<div class="part">
    <div class="bar-of-tools">
      <${Filter} value=${words} onInput=${setWords} label="Filter by state" />
      <${Toggle} pressed=${bad} onToggle=${setBad}>Errors only<//>
      <span class="spring"></span>
      <span class="muted">${rows.length.toLocaleString()} rows</span>
      <div class="buttons" role="group" aria-label="Time that is shown">
        <button type="button" onClick=${() => near(2)} aria-label="More time">−</button>
        <button type="button" onClick=${() => near(0.5)} aria-label="Less time">+</button>
        <button type="button" onClick=${() => setView(null)}>All</button>
      </div>
    </div>
    <${Table}
      id="timeline"
      label="Timeline"
      columns=${[["State", "minmax(9rem, 2fr)"], ["Took", "6.2rem"], [axis, "minmax(9rem, 5fr)"]]}
      count=${rows.length}
      selected=${current}
      onSelect=${choose}
      onKey=${key}
      status=${(place) => rows[place].status}
      empty="No state was entered."
      row=${(place) => {
        const row = rows[place];
        const name = nameOf(model, row);
        const turn = (event) => {
          event.stopPropagation();
          toggle(row, !row.open);
        };
        return [
          html`<span class="name" style=${{ paddingLeft: `${row.depth * 1.1}rem` }}>
            ${row.inside > 0
              ? html`<button
                  type="button"
                  class="twist"
                  tabindex="-1"
                  aria-expanded=${row.open ? "true" : "false"}
                  aria-label=${`${row.open ? "Close" : "Open"} ${name}`}
                  onClick=${turn}
                >${row.open ? "▾" : "▸"}</button>`
              : html`<span class="twist"></span>`}
            <${Sign} status=${row.status} /> <span title=${name} class=${row.name === undefined ? "" : "muted"}>${name}</span>
          </span>`,
          html`<span class="number">${row.start === undefined || row.start === null ? "–" : duration((row.end ?? model.end) - row.start)}</span>`,
          html`<${Bar} model=${model} row=${row} view=${shown} />`,
        ];
      }}
    />
  </div>`;
}
