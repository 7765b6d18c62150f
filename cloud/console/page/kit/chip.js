// States: by shape and colour and word, so that none of them has to be seen alone.
import { html } from "/lib/htm.js";

const SHAPES = {
  ok: html`<circle cx="5" cy="5" r="4" />`,
  warn: html`<path d="M5 0.5 L9.7 9.3 H0.3 Z" />`,
  bad: html`<rect x="1" y="1" width="8" height="8" />`,
  info: html`<path d="M5 0 L10 5 L5 10 L0 5 Z" />`,
  idle: html`<circle cx="5" cy="5" r="3.2" fill="none" stroke="currentColor" stroke-width="1.6" />`,
};

/** The mark of a state: ok, warn, bad, info or idle. */
export const StateMark = ({ state }) =>
  html`<svg
    class="state-mark"
    data-tone=${state}
    viewBox="0 0 10 10"
    fill="currentColor"
    aria-hidden="true"
  >
    ${SHAPES[state] ?? SHAPES.idle}
  </svg>`;

/** A word with its state. */
export const Chip = ({ state = "idle", title, children }) =>
  html`<span class="chip" data-state=${state} title=${title}
    ><${StateMark} state=${state} />${children}</span
  >`;
