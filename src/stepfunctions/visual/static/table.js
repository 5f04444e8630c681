// A table of which only the rows in sight exist: 25,000 rows are as fast as 25.
import { html, useEffect, useState } from "./preact.js";
import { useSize } from "./base.js";

const ROW = 30;
const SPARE = 8;

/**
 * `columns`: [words, width as CSS grid has it]; `row(index)`: the cells; `selected`: an index or -1.
 * `onKey(event, index)` may take a key by returning true.
 */
export function Table({ id, label, columns, count, row, selected, onSelect, onKey, status, empty }) {
  const [ref, size] = useSize();
  const [top, setTop] = useState(0);
  const room = Math.max(size.height - ROW, ROW);
  useEffect(() => {
    const box = ref.current;
    if (selected < 0 || !box.clientHeight) return;
    const from = selected * ROW;
    const seen = box.clientHeight - ROW;
    const above = box.scrollTop - from;
    const below = from + ROW - box.scrollTop - seen;
    if (Math.max(above, below) > seen) box.scrollTop = from - Math.round(seen / 3 / ROW) * ROW; // far away: with some of what is around it
    else if (above > 0) box.scrollTop = from;
    else if (below > 0) box.scrollTop = Math.ceil((from + ROW - seen) / ROW) * ROW;
  }, [selected, size.height, count]);
  const first = Math.max(0, Math.min(Math.floor(top / ROW), count - 1) - SPARE);
  const last = Math.min(count, Math.ceil((top + room) / ROW) + SPARE);
  const page = Math.max(1, Math.floor(room / ROW) - 1);
  const press = (event) => {
    if (onKey && onKey(event, selected)) {
      event.preventDefault();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count }[event.key];
    if (!step || !count) return;
    event.preventDefault();
    onSelect(Math.max(0, Math.min(count - 1, (selected < 0 && step > 0 ? -1 : selected) + step)));
  };
  const rows = [];
  for (let index = first; index < last; index += 1) {
    rows.push(html`<div
      role="row"
      key=${index}
      id=${`${id}-${index}`}
      class="row"
      data-s=${status ? status(index) : undefined}
      aria-rowindex=${index + 2}
      aria-selected=${index === selected ? "true" : "false"}
      style=${{ top: `${index * ROW + ROW}px` }}
      onClick=${() => onSelect(index)}
    >
      ${row(index).map((cell, place) => html`<div role="gridcell" key=${place}>${cell}</div>`)}
    </div>`);
  }
  return html`<div
    class="table"
    role="grid"
    tabindex="0"
    aria-label=${label}
    aria-rowcount=${count + 1}
    aria-activedescendant=${selected >= first && selected < last ? `${id}-${selected}` : undefined}
    ref=${ref}
    style=${{ "--columns": columns.map(([, width]) => width).join(" ") }}
    onScroll=${(event) => setTop(event.target.scrollTop)}
    onKeyDown=${press}
  >
    <div role="rowgroup" class="rows" style=${{ height: `${(count + 1) * ROW}px` }}>
      <div role="row" class="row head" aria-rowindex="1">
        ${columns.map(([words]) => html`<div role="columnheader">${words}</div>`)}
      </div>
      ${rows}
    </div>
    ${count === 0 && html`<p class="empty">${empty || "Nothing to show."}</p>`}
  </div>`;
}
