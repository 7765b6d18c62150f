import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { Button } from "./button.js";
import { StateMark } from "./chip.js";

const SHOWN_MS = 6_000;
const SHOWN_MAX = 4;

let nextId = 0;
let toasts = [];
let changed = () => undefined;

const drop = (id) => {
  toasts = toasts.filter((one) => one.id !== id);
  changed(toasts);
};

/** Says that something was done, or not: `state` is ok, bad or info. Bad ones stay until they are closed. */
export function toast(text, state = "ok") {
  const id = nextId++;
  toasts = [...toasts, { id, text, state }].slice(-SHOWN_MAX);
  changed(toasts);
  if (state !== "bad") setTimeout(() => drop(id), SHOWN_MS);
}

export function Toasts() {
  const [shown, setShown] = useState(toasts);
  useEffect(() => {
    changed = setShown;
    return () => (changed = () => undefined);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.map(
      ({ id, text, state }) =>
        html`<div class="toast" key=${id} data-state=${state}>
          <${StateMark} state=${state} /><span>${text}</span>
          <${Button} kind="quiet" size="small" onClick=${() => drop(id)} aria-label="Close">×<//>
        </div>`,
    )}
  </div>`;
}
