// The page of an execution in a notebook: the document comes from the kernel, as often as something changes.
import { html, render } from "./preact.js";
import { ExecutionPage } from "./execution.js";

const INSIDE = `
  :host { display: block; container-type: inline-size; }
  .whole { background: var(--bg); color: var(--text); font: 14px/1.45 var(--sans); border: 1px solid var(--line);
    border-radius: 8px; overflow: hidden; color-scheme: light; }
  .whole.dark { color-scheme: dark; }
  .page { height: 42rem; min-height: 0; }
  .skip { display: none; }
  main { grid-template-columns: minmax(0, 1fr) minmax(17rem, 36%); }
  @container (max-width: 46rem) {
    .page { height: auto; }
    main { grid-template-columns: minmax(0, 1fr); }
    .views { height: 26rem; }
    .summary { margin-left: 0; }
  }
`;

const DARK = "(prefers-color-scheme: dark)";

/** Whether the notebook is dark, as it says itself, else as the browser does. */
function isDark() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return vscodeThemeKind !== "vscode-light" && vscodeThemeKind !== "vscode-high-contrast-light";
  const said = document.documentElement.getAttribute("theme");
  return said ? said === "dark" : matchMedia(DARK).matches;
}

/** Let the rules that are for readers of dark pages hold when the notebook is dark, whatever the browser is. */
function paint(root, box) {
  const dark = isDark();
  box.classList.toggle("dark", dark);
  for (const sheet of root.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule.media?.mediaText.includes(DARK)) rule.media.mediaText = `${DARK} ${dark ? ", all" : "and (max-width: 0px)"}`;
    }
  }
}

/** Show the model of a widget in an element; returns what takes it away again. */
function mounted({ model, el }) {
  const host = document.createElement("div");
  host.dataset.lmSuppressShortcuts = "true"; // keys are for the page, not for the notebook around it
  for (const kind of ["keydown", "keyup", "keypress"]) host.addEventListener(kind, (event) => event.stopPropagation());
  const root = host.attachShadow({ mode: "open" }); // neither style sheet changes the other's page
  const style = document.createElement("style");
  style.textContent = model.get("sheet").replaceAll(":root", ":host") + INSIDE;
  const box = document.createElement("div");
  box.className = "whole";
  root.append(style, box);
  el.append(host);
  const now = () => JSON.parse(model.get("document"));
  const source = {
    load: () => Promise.resolve(now()),
    subscribe: (show) => {
      const told = () => model.get("document") && show(now());
      model.on("change:document", told);
      return () => model.off("change:document", told);
    },
  };
  const repaint = () => paint(root, box);
  const drawn = new MutationObserver(repaint);
  drawn.observe(box, { childList: true, subtree: true });
  const themed = new MutationObserver(repaint);
  themed.observe(document.body, { attributes: true });
  themed.observe(document.documentElement, { attributes: true });
  const query = matchMedia(DARK);
  query.addEventListener("change", repaint);
  repaint();
  render(html`<${ExecutionPage} source=${source} />`, box);
  return () => {
    drawn.disconnect();
    themed.disconnect();
    query.removeEventListener("change", repaint);
    render(null, box);
    host.remove();
  };
}

export default { render: mounted };
