// The items of Maps, inline and distributed.
import { html, useMemo, useState } from "./preact.js";
import { Badge, Filter, STATUSES, Toggle, duration, plural } from "./base.js";
import { Table } from "./table.js";

/** How many items there are of each status. */
function countsOf(map) {
  const counts = new Map();
  for (const item of map.items) counts.set(item.status, (counts.get(item.status) || 0) + 1);
  return counts;
}

export function Maps({ model, selected, onSelect }) {
  const maps = model.doc.maps;
  const [number, setNumber] = useState(0);
  const [statuses, setStatuses] = useState(() => new Set());
  const [words, setWords] = useState("");
  const at = selected ? selected.map : number;
  const map = maps[Math.min(at, maps.length - 1)];
  const counts = useMemo(() => countsOf(map), [map]);
  const shown = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const places = map.items.map((_, place) => place);
    return places.filter((place) => {
      const item = map.items[place];
      if (statuses.size && !statuses.has(item.status)) return false;
      return !wanted || `${item.name} ${item.error ?? ""} ${item.state ?? ""}`.toLowerCase().includes(wanted);
    });
  }, [map, statuses, words]);
  const index = selected ? shown.indexOf(selected.item) : -1;
  const toggle = (status) => {
    const next = new Set(statuses);
    if (!next.delete(status)) next.add(status);
    setStatuses(next);
  };
  const distributed = map.kind === "distributed";
  const total = distributed ? map.counts.total ?? map.items.length : map.items.length;
  return html`<div class="part">
    <div class="bar-of-tools">
      ${maps.length > 1 && html`<select aria-label="Map" value=${at} onChange=${(event) => {
        setNumber(Number(event.target.value));
        setStatuses(new Set());
        onSelect(null);
      }}>
        ${maps.map((one, place) => html`<option value=${place}>
          ${one.state}${one.kind === "distributed" ? " (Map Run)" : ""}, ${plural(one.items.length, "item")}
        </option>`)}
      </select>`}
      <div class="chips" role="group" aria-label="Show only">
        ${[...counts].map(([status, count]) => html`<${Toggle}
          key=${status}
          pressed=${statuses.has(status)}
          onToggle=${() => toggle(status)}
        ><span class="only-sign" data-s=${status} aria-hidden="true">${(STATUSES[status] || ["·"])[0]}</span> ${(STATUSES[status] || ["", status])[1]} <span class="count">${count.toLocaleString()}</span><//>`)}
      </div>
      <span class="spring"></span>
      <${Filter} value=${words} onInput=${setWords} label="Filter by name or error" />
    </div>
    ${distributed && html`<p class="facts-line">
      ${Object.entries(map.counts).filter(([, count]) => count).map(([name, count]) => html`<span key=${name}>
        <b>${count.toLocaleString()}</b> ${name.replace(/([A-Z])/g, " $1").toLowerCase()}
      </span>`)}
      ${!map.complete && html`<span class="muted">
        ${plural(map.items.length, "item")} of ${total.toLocaleString()} are listed, those that failed first.
      </span>`}
    </p>`}
    <${Table}
      id="items"
      label="Items"
      columns=${[
        ["Item", "minmax(6rem, 1fr)"], ["Status", "7.5rem"], ["Took", "6.2rem"],
        ["State", "minmax(5rem, 1fr)"], ["Error", "minmax(8rem, 2fr)"],
      ]}
      count=${shown.length}
      selected=${index}
      onSelect=${(place) => onSelect({ map: at, item: shown[place] })}
      status=${(place) => map.items[shown[place]].status}
      empty="No item is like that."
      row=${(place) => {
        const item = map.items[shown[place]];
        const ended = item.end ?? (item.start ? model.end : undefined);
        const failed = item.error !== undefined && item.span !== undefined;
        return [
          html`<span title=${item.name}>${item.name}</span>`,
          html`<${Badge} status=${item.status} small=${true} />`,
          html`<span class="number">${item.start ? duration(ended - item.start) : "–"}</span>`,
          html`<span class="muted">${failed ? model.spans[item.span].state : item.state ?? ""}</span>`,
          html`<span class="error-words">${item.error ?? ""}</span>`,
        ];
      }}
    />
  </div>`;
}
