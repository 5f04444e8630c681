// The picture of the states; each is a button.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";
import { useSize } from "./base.js";

const STEPS = [0.25, 0.35, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2];

/** The node that is nearest in the direction of an arrow key. */
function neighbour(nodes, from, key) {
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  const centre = (node) => {
    const box = node.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + Math.min(box.height / 2, 30)];
  };
  const [x, y] = centre(from);
  let best = null;
  let least = Infinity;
  for (const node of nodes) {
    if (node === from) continue;
    const [nx, ny] = centre(node);
    const along = (nx - x) * dx + (ny - y) * dy;
    const across = Math.abs((nx - x) * dy) + Math.abs((ny - y) * dx);
    if (along > 4 && along + 2 * across < least) {
      best = node;
      least = along + 2 * across;
    }
  }
  return best;
}

export function Graph({ model, selected, onSelect }) {
  const [box, size] = useSize();
  const drawn = useRef(null);
  const [scale, setScale] = useState(null);
  const svg = () => drawn.current.querySelector("svg");
  const nodes = () => [...drawn.current.querySelectorAll("[data-id]")];
  const keyOf = (node) => (node.dataset.key ? JSON.parse(node.dataset.key) : node.dataset.id); // as it is, not as shown
  const nameOf = (node) => model.names.get(keyOf(node)) ?? keyOf(node);
  useLayoutEffect(() => {
    const focused = drawn.current.getRootNode().activeElement; // a widget has a root of its own
    const active = drawn.current.contains(focused) ? keyOf(focused) : null;
    drawn.current.innerHTML = model.doc.svg;
    svg().setAttribute("role", "group");
    svg().setAttribute("aria-label", "Graph of the states");
    for (const node of nodes()) {
      node.setAttribute("role", "button"); // its name is its title: the state's name and status
      node.setAttribute("aria-description", node.getAttribute("aria-label"));
      node.removeAttribute("aria-label");
      if (active !== null && keyOf(node) === active) {
        node.setAttribute("tabindex", "0");
        node.focus({ preventScroll: true }); // a picture that was drawn anew keeps the focus
      }
    }
  }, [model.doc.svg]);
  const width = () => svg().viewBox.baseVal.width;
  const fitting = () => Math.min(1, Math.max(0.5, (size.width - 32) / width()));
  const now = scale ?? (size.width && drawn.current ? fitting() : 1);
  useLayoutEffect(() => {
    const { width: wide, height } = svg().viewBox.baseVal;
    svg().setAttribute("width", wide * now);
    svg().setAttribute("height", height * now);
  }, [now, model.doc.svg]);
  useEffect(() => {
    const all = nodes();
    let chosen;
    const above = (name) => model.names.get(model.states.get(name)?.inside);
    for (let name = selected; name !== null && name !== undefined && !chosen; name = above(name)) {
      chosen = all.find((node) => nameOf(node) === name); // what is folded away is inside of what is drawn
    }
    all.forEach((node, index) => {
      node.classList.toggle("selected", node === chosen);
      node.setAttribute("aria-pressed", node === chosen ? "true" : "false");
      node.setAttribute("tabindex", (chosen ? node === chosen : index === 0) ? "0" : "-1");
    });
    if (!chosen || !size.height) return;
    const frame = box.current.getBoundingClientRect();
    const place = chosen.getBoundingClientRect();
    if (place.top < frame.top || place.top + 40 > frame.bottom) {
      box.current.scrollTop += place.top - frame.top - frame.height / 3;
    }
    if (place.left < frame.left || place.left + 40 > frame.right) {
      box.current.scrollLeft += place.left - frame.left - frame.width / 3;
    }
  }, [selected, model.doc.svg, size.height, now]);
  const press = (event) => {
    const node = event.target.closest("[data-id]");
    if (!node) return;
    if (event.key === "Enter" || event.key === " ") onSelect(nameOf(node));
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour(nodes(), node, event.key);
      if (next) {
        onSelect(nameOf(next));
        next.focus({ preventScroll: true });
      }
    } else return;
    event.preventDefault();
  };
  const click = (event) => {
    const node = event.target.closest("[data-id]");
    if (node) node.focus({ preventScroll: true });
    onSelect(node ? nameOf(node) : null);
  };
  const zoom = (step) => {
    const at = STEPS.findIndex((one) => one >= now - 0.01);
    setScale(STEPS[Math.max(0, Math.min(STEPS.length - 1, (at < 0 ? STEPS.length : at) + step))]);
  };
  return html`<div class="graph">
    <div class="zoom" role="group" aria-label="Size of the graph">
      <button type="button" onClick=${() => zoom(-1)} aria-label="Smaller">−</button>
      <button type="button" onClick=${() => zoom(1)} aria-label="Larger">+</button>
      <button type="button" onClick=${() => setScale(null)}>Fit</button>
    </div>
    <div class="canvas" ref=${box} onKeyDown=${press} onClick=${click}><div class="drawn" ref=${drawn}></div></div>
  </div>`;
}
