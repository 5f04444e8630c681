// The document as the page asks about it.

/** What lies in a definition: the body of each state by its name; the first one of a name that is there twice. */
function bodiesOf(definition) {
  const found = new Map();
  const todo = [definition];
  while (todo.length) {
    const scope = todo.shift();
    const states = scope && typeof scope === "object" && scope.States;
    if (!states || typeof states !== "object") continue;
    for (const [name, body] of Object.entries(states)) {
      if (!found.has(name)) found.set(name, body);
      if (!body || typeof body !== "object") continue;
      if (Array.isArray(body.Branches)) todo.push(...body.Branches);
      todo.push(body.ItemProcessor || body.Iterator);
    }
  }
  return found;
}

/** Index a document. Nothing in it changes. */
export function modelOf(doc) {
  const spans = doc.spans;
  const children = spans.map(() => []);
  const roots = [];
  const byState = new Map();
  spans.forEach((span, number) => {
    if (span.parent === undefined) roots.push(number);
    else children[span.parent].push(number);
    if (!byState.has(span.state)) byState.set(span.state, []);
    byState.get(span.state).push(number);
  });
  const jobs = spans.map(() => []);
  doc.jobs.forEach((job, number) => job.attempts.forEach(([span]) => {
    if (jobs[span].at(-1) !== number) jobs[span].push(number);
  }));
  const times = doc.events.map((event) => event[2]).filter((time) => time !== null);
  const start = doc.execution.start ?? times[0] ?? doc.made;
  const end = doc.execution.end ?? (doc.execution.status === "RUNNING" ? doc.made : times.at(-1)) ?? start;
  return {
    doc,
    spans,
    children,
    roots,
    byState,
    jobs,
    start,
    end: Math.max(start, end),
    states: new Map([...doc.states].reverse().map((state) => [state.name, state])), // of two of a name, the first
    names: new Map(doc.states.map((state) => [state.key, state.name])),
    bodies: bodiesOf(doc.definition),
    text: (value) => (value && typeof value === "object" && "$" in value ? doc.texts[value.$] : value),
    endOf: (span) => span.end ?? Math.max(start, end),
  };
}

/** The rows of the timeline: visits, and items of Maps that have more than one visit inside. */
export function rowsOf(model, isOpen) {
  const { spans, children, roots, doc } = model;
  const inline = new Map(doc.maps.filter((map) => map.kind === "inline").map((map) => [map.span, map]));
  const runs = spans.map(() => []);
  doc.maps.forEach((map, place) => {
    if (map.kind === "distributed") runs[map.span].push(place);
  });
  const rows = [];
  const add = (number, depth) => {
    const span = spans[number];
    const key = `s${number}`;
    const items = runs[number].reduce((sum, place) => sum + doc.maps[place].items.length, 0);
    const inside = { length: children[number].length + items };
    const open = inside.length > 0 && isOpen(key, inside.length);
    rows.push({ key, depth, number, status: span.status, start: span.start, end: span.end, inside: inside.length, open });
    if (!open) return;
    const map = inline.get(number);
    if (!map) {
      children[number].forEach((child) => add(child, depth + 1));
      for (const place of runs[number]) {
        doc.maps[place].items.forEach((item, at) => rows.push({
          key: `r${place}.${at}`, depth: depth + 1, name: item.name, mapItem: { map: place, item: at },
          status: item.status, start: item.start, end: item.end, inside: 0, open: false,
        }));
      }
      return;
    }
    const byItem = new Map();
    children[number].forEach((child) => {
      const index = spans[child].item;
      if (!byItem.has(index)) byItem.set(index, []);
      byItem.get(index).push(child);
    });
    for (const item of map.items) {
      const visits = byItem.get(item.name) || [];
      const itemKey = `i${number}.${item.name}`;
      const itemOpen = visits.length > 0 && isOpen(itemKey, visits.length);
      rows.push({
        key: itemKey, depth: depth + 1, name: `Item ${item.name}`, number: visits[0] ?? number, status: item.status,
        start: item.start, end: item.end, inside: visits.length, open: itemOpen,
      });
      if (itemOpen) visits.forEach((child) => add(child, depth + 2));
    }
  };
  roots.forEach((number) => add(number, 0));
  return rows;
}

/** The keys of the rows that must be open for a visit to be seen. */
export function keysAbove(model, number) {
  const keys = [];
  for (let at = number; at !== undefined; at = model.spans[at].parent) {
    const span = model.spans[at];
    if (span.parent === undefined) continue;
    keys.push(`s${span.parent}`);
    if (span.item !== null) keys.push(`i${span.parent}.${span.item}`);
  }
  return keys;
}
