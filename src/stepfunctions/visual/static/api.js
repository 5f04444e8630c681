// What the console asks of its server, and orders.
import { useEffect, useState } from "./preact.js";

const BASE = "/_local/console/";

function query(given) {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

export function address(what, given = {}) {
  return `${BASE}${what}${query(given)}`;
}

async function answered(response) {
  const said = await response.json();
  if (!response.ok) throw new Error(said.message || `The local cloud answered ${response.status}.`);
  return said;
}

export async function ask(what, given) {
  return answered(await fetch(address(what, given)));
}

export async function order(what, given) {
  const headers = { "Content-Type": "application/json", "X-Stepfunctions-Console": "1" };
  return answered(await fetch(address(what), { method: "POST", headers, body: JSON.stringify(given) }));
}

/** An answer that is asked for again and again, each `every` milliseconds, while somebody looks. */
export function useAnswer(what, given, every = 2000) {
  const [state, setState] = useState({ answer: null, error: null });
  const key = address(what, given);
  useEffect(() => {
    let over = false;
    let timer;
    const again = async () => {
      if (!document.hidden) {
        try {
          const answer = await ask(what, given);
          if (!over) setState({ answer, error: null });
        } catch (error) {
          if (!over) setState((before) => ({ ...before, error }));
        }
      }
      if (!over) timer = setTimeout(again, every);
    };
    setState({ answer: null, error: null });
    again();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key]);
  return state;
}

/** An execution as the page of an execution wants it: its document, and again when it has gone on. */
export function followed(arn, onState) {
  return {
    load: () => new Promise(() => {}), // what is subscribed to says it first
    subscribe(show) {
      let known; // of what is shown, how far it had gone
      let heard; // while it is read again
      let whole = false; // whether the items of Map Runs were read, which takes a while
      let loading = false;
      let over = false;
      const load = async () => {
        if (loading) return;
        loading = true;
        heard = undefined;
        let more = false;
        const began = performance.now();
        try {
          const doc = await ask("execution", { arn, brief: whole ? "" : 1 });
          more = !whole && doc.maps.some((map) => map.kind === "distributed");
          whole = true;
          if (!over) {
            known = JSON.stringify(doc.revision);
            show(doc);
            onState({ doc, error: null });
          }
        } catch (error) {
          known = undefined;
          if (!over) onState({ error });
        }
        const took = performance.now() - began;
        setTimeout(() => { // a long history is not read again and again without a pause
          loading = false;
          if (!over && (more || (heard !== undefined && heard !== known))) load();
        }, took > 50 && !more ? took : 0);
      };
      let events = null;
      let lost = false;
      let timer;
      const listen = () => {
        clearTimeout(timer);
        events?.close();
        if (over || document.hidden) return; // a browser has few connections for all its pages
        events = new EventSource(address("live", { arn }));
        events.onmessage = ({ data }) => {
          heard = JSON.stringify(JSON.parse(data));
          if (heard !== known) load();
        };
        events.onerror = () => {
          lost = true;
          onState({ error: new Error("The connection to the local cloud is lost; trying again …") });
          if (events.readyState === EventSource.CLOSED) timer = setTimeout(listen, 2000); // it was refused
        };
        events.onopen = () => {
          if (lost) onState({ error: null });
          lost = false;
        };
      };
      document.addEventListener("visibilitychange", listen);
      listen();
      load();
      return () => {
        over = true;
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", listen);
        events?.close();
      };
    },
  };
}
