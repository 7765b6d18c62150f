// What went wrong, in words, with each thing that is wrong.
import { html } from "/lib/htm.js";
import { Button } from "./button.js";

/** A note in the colour of its state: ok, warn, bad, info. */
export const Note = ({ state, title, children }) =>
  html`<div class="note" data-state=${state} role=${state === "bad" ? "alert" : "note"}>
    ${title && html`<strong>${title}</strong>`} ${children}
  </div>`;

/** `problem` is an error, of the API or another; `retry` is called by a button. */
export function ProblemNote({ problem, title = "This did not work", retry }) {
  const errors = problem.errors ?? [];
  return html`<${Note} state="bad" title=${title}>
    <p>${problem.message}</p>
    ${
      errors.length > 0 &&
      html`<ul>
        ${errors.map(
          ({ at, message }) =>
            html`<li key=${at + message}>${at ? html`<code>${at}</code> ` : ""}${message}</li>`,
        )}
      </ul>`
    }
    ${retry && html`<div><${Button} size="small" onClick=${retry}>Try again<//></div>`}
  <//>`;
}
