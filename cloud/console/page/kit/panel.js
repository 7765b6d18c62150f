// Frames: the head of a page, panels, tabs.
import { html } from "/lib/htm.js";
import { useId } from "/lib/hooks.js";

/** `crumb`: `{ href, text }` of the page above; `actions`: buttons; children: a sentence about the page. */
export const PageHead = ({ title, crumb, actions, children }) =>
  html`<header class="page-head">
    <div>
      ${crumb && html`<div class="crumb"><a href=${crumb.href}>${crumb.text}</a></div>`}
      <h1>${title}</h1>
      ${children && html`<p>${children}</p>`}
    </div>
    ${actions && html`<div class="actions">${actions}</div>`}
  </header>`;

/** A panel with a heading; `note` stands beside it; `flush` is for tables, which have their own edges. */
export function Panel({ title, note, actions, flush, children, ...rest }) {
  const id = useId();
  return html`<section class="panel" aria-labelledby=${title ? id : undefined} ...${rest}>
    ${
      title &&
      html`<div class="panel-head">
        <h2 id=${id}>${title}</h2>
        ${note && html`<span class="panel-note">${note}</span>`}
        ${actions && html`<div class="actions">${actions}</div>`}
      </div>`
    }
    <div class="panel-body" data-flush=${flush ? "true" : undefined}>${children}</div>
  </section>`;
}

/** Tabs that are links: `tabs` are `{ href, text, current }`. */
export const Tabs = ({ label, tabs }) =>
  html`<nav class="tabs" aria-label=${label}>
    ${tabs.map(
      ({ href, text, current }) =>
        html`<a class="tab" key=${href} href=${href} aria-current=${current ? "page" : undefined}
          >${text}</a
        >`,
    )}
  </nav>`;
