import { html } from "/lib/htm.js";
import { LinkButton } from "./button.js";

/**
 * Nothing here: why, in the children, and what to do next, `action`: `{ href, text }`. `heading` makes its title the
 * heading of the page.
 */
export const Empty = ({ title, action, heading, children }) =>
  html`<div class="empty">
    ${heading ? html`<h1>${title}</h1>` : html`<strong>${title}</strong>`}
    ${children && html`<p>${children}</p>`}
    ${action && html`<${LinkButton} href=${action.href}>${action.text}<//>`}
  </div>`;
