import { html } from "/lib/htm.js";

/** A small line of numbers, oldest first; null is a gap. `label` says in words what it shows. */
export function Sparkline({ values, label, width = 90, height = 22 }) {
  const known = values.filter((value) => value !== null && Number.isFinite(value));
  if (known.length < 2) return html`<span class="muted small">too few values</span>`;
  const least = Math.min(...known);
  const span = Math.max(...known) - least;
  const x = (at) => ((at / (values.length - 1)) * width).toFixed(1);
  const y = (value) =>
    (span === 0 ? height / 2 : height - 1 - ((value - least) / span) * (height - 2)).toFixed(1);
  let isDown = false;
  let path = "";
  for (const [at, value] of values.entries()) {
    const isKnown = value !== null && Number.isFinite(value);
    if (isKnown) path += `${isDown ? "L" : "M"}${x(at)} ${y(value)}`;
    isDown = isKnown;
  }
  return html`<svg
    class="sparkline"
    width=${width}
    height=${height}
    viewBox=${`0 0 ${width} ${height}`}
    role="img"
    aria-label=${label}
  >
    <path d=${path} />
  </svg>`;
}
