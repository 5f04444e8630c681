// What all parts share: words, times, small components.
import { html, useState, useLayoutEffect, useRef } from "./preact.js";

export const STATUSES = {
  SUCCEEDED: ["✓", "Succeeded"],
  RUNNING: ["●", "Running"],
  FAILED: ["✕", "Failed"],
  TIMED_OUT: ["✕", "Timed out"],
  CAUGHT: ["!", "Caught error"],
  ABORTED: ["–", "Aborted"],
  PENDING_REDRIVE: ["●", "Pending redrive"],
  NOT_REACHED: ["○", "Not reached"],
};

/** A status as a sign, a word and a colour: never as a colour alone. */
export function Badge({ status, words, small }) {
  const [sign, word] = STATUSES[status] || ["·", status || "Unknown"];
  return html`<span class=${small ? "badge small" : "badge"} data-s=${status}>
    <span class="sign" aria-hidden="true">${sign}</span> ${words || word}
  </span>`;
}

/** Only the sign of a status, with its word for those who do not see it. */
export function Sign({ status }) {
  const [sign, word] = STATUSES[status] || ["·", status];
  return html`<span class="only-sign" data-s=${status} role="img" aria-label=${word}>${sign}</span>`;
}

/** Milliseconds for people: 950 ms, 1.25 s, 2 min 31 s, 1 h 4 min. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1000) return `${ms < 10 && ms % 1 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const DAY = { year: "numeric", month: "short", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
const dayAndTime = new Intl.DateTimeFormat(undefined, { ...DAY, ...CLOCK });
const timeOnly = new Intl.DateTimeFormat(undefined, { ...CLOCK, fractionalSecondDigits: 3 });

/** A time in the reader's time zone; UTC is its title. */
export function Time({ at, day }) {
  if (at === null || at === undefined) return html`<span>–</span>`;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return html`<span>${at}</span>`; // later than there are days
  return html`<time datetime=${date.toISOString()} title=${date.toISOString()}>${
    (day ? dayAndTime : timeOnly).format(date)
  }</time>`;
}

export function plural(number, one, many = `${one}s`) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

/** A button that copies a text, and says that it did. */
export function Copy({ text, what }) {
  const [done, setDone] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text()).then(
      () => {
        setDone(true);
        setTimeout(() => setDone(false), 1500);
      },
      () => setDone(false),
    );
  return html`<button type="button" class="quiet" onClick=${copy} aria-label=${`Copy ${what}`}>
    ${done ? "Copied" : "Copy"}
  </button>`;
}

/** The size of an element now. */
export function useSize() {
  const ref = useRef(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

/** Tabs with the keys that tabs have; `tabs` are [key, words, count]. */
export function Tabs({ tabs, chosen, onChoose, label, id }) {
  const keys = tabs.map(([key]) => key);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = keys.indexOf(chosen);
    const to = step ? (at + step + keys.length) % keys.length : { Home: 0, End: keys.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onChoose(keys[to]);
    event.currentTarget.getRootNode().getElementById(`${id}-tab-${keys[to]}`).focus(); // a widget has a root of its own
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
    ${tabs.map(
      ([key, words, count]) => html`<button
        type="button"
        role="tab"
        key=${key}
        id=${`${id}-tab-${key}`}
        aria-selected=${key === chosen ? "true" : "false"}
        aria-controls=${`${id}-panel`}
        tabindex=${key === chosen ? 0 : -1}
        onClick=${() => onChoose(key)}
      >
        ${words}${count === undefined ? "" : html` <span class="count">${count.toLocaleString()}</span>`}
      </button>`,
    )}
  </div>`;
}

/** A text field that filters. */
export function Filter({ value, onInput, label }) {
  return html`<input
    type="search"
    class="filter"
    value=${value}
    placeholder=${label}
    aria-label=${label}
    onInput=${(event) => onInput(event.target.value)}
  />`;
}

/** Buttons of which any number may be pressed. */
export function Toggle({ pressed, onToggle, children }) {
  return html`<button
    type="button"
    class="toggle"
    aria-pressed=${pressed ? "true" : "false"}
    onClick=${() => onToggle(!pressed)}
  >
    ${children}
  </button>`;
}
