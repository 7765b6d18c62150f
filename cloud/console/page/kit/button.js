import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";

/** `kind`: primary, danger, quiet, or none; `size`: small. An `onClick` that takes time disables it meanwhile. */
export function Button({ kind, size, type = "button", disabled, onClick, children, ...rest }) {
  const [isBusy, setBusy] = useState(false);
  const click = async (event) => {
    const answer = onClick?.(event);
    if (typeof answer?.then !== "function") return;
    setBusy(true);
    try {
      await answer;
    } finally {
      setBusy(false);
    }
  };
  return html`<button
    class="button"
    type=${type}
    data-kind=${kind}
    data-size=${size}
    disabled=${disabled || isBusy}
    aria-busy=${isBusy ? "true" : undefined}
    onClick=${onClick ? click : undefined}
    ...${rest}
  >
    ${children}
  </button>`;
}

/** A link that looks like a button. */
export const LinkButton = ({ href, kind, size, children, ...rest }) =>
  html`<a class="button" href=${href} data-kind=${kind} data-size=${size} ...${rest}
    >${children}</a
  >`;
