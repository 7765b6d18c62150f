// Blocks of a guide as elements.
import { html } from "/lib/htm.js";
import { Code } from "../kit/code.js";
import { urlOf } from "../shell/url.js";
import { placeOf } from "./markdown.js";

function Inline({ parts, guide, guides }) {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if (part.kind === "code") return html`<code>${part.text}</code>`;
    const inner = html`<${Inline} parts=${part.parts} guide=${guide} guides=${guides} />`;
    if (part.kind === "strong") return html`<strong>${inner}</strong>`;
    if (part.kind === "em") return html`<em>${inner}</em>`;
    const place = placeOf(part.href, guide, guides);
    // What is not served here is named, and asked of no other host.
    return place ? html`<a href=${urlOf(place)}>${inner}</a>` : inner;
  });
}

function Block({ block, ...of }) {
  const inline = (parts) => html`<${Inline} parts=${parts} ...${of} />`;
  switch (block.kind) {
    case "heading":
      return block.level <= 2
        ? html`<h2 id=${block.id}>${inline(block.parts)}</h2>`
        : html`<h3 id=${block.id}>
            <a class="plain" href=${urlOf(["guides", of.guide, block.id])}
              >${inline(block.parts)}</a
            >
          </h3>`;
    case "code":
      return html`<${Code} text=${block.text} label="Commands" />`;
    case "list":
      return html`<${block.ordered ? "ol" : "ul"}>
        ${block.items.map((item, at) => html`<li key=${at}>${inline(item)}</li>`)}
      <//>`;
    case "table":
      return html`<div class="table-frame" tabindex="0" role="region" aria-label="Table">
        <table class="table">
          <thead>
            <tr>
              ${block.header.map((cell, at) => html`<th key=${at} scope="col">${inline(cell)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${block.rows.map(
              (row, at) =>
                html`<tr key=${at}>
                  ${row.map((cell, column) => html`<td key=${column}>${inline(cell)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
    case "quote":
      return html`<blockquote>${inline(block.parts)}</blockquote>`;
    default:
      return html`<p>${inline(block.parts)}</p>`;
  }
}

/** `guide` is its name, `guides` the names of all: links between them are followed here. */
export const Blocks = ({ blocks, guide, guides }) =>
  html`<div class="prose">
    ${blocks.map(
      (block, at) => html`<${Block} key=${at} block=${block} guide=${guide} guides=${guides} />`,
    )}
  </div>`;
