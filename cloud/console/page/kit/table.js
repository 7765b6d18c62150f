import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";

const compare = (a, b) => {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return a < b ? -1 : 1;
};

/**
 * Rows under columns. A column is `{ key, label, cell(row), number, sort(row) }`: `number` stands to the right; with
 * `sort`, which gives what is compared, its head sorts the rows that are here. The first column names its row.
 *
 * `label` says to readers of the screen what the table is; `empty` is shown without rows; `chosen(row)` marks some;
 * with `cards` each row is a card of its own where there is no room for columns.
 */
export function Table({
  label,
  columns,
  rows,
  keyOf,
  empty = null,
  cards = false,
  chosen = () => false,
}) {
  const [order, setOrder] = useState(null);
  if (rows.length === 0 && empty) return empty;
  const by = columns.find(({ key }) => key === order?.key);
  const shown = by
    ? rows.toSorted((a, b) => (order.down ? -1 : 1) * compare(by.sort(a), by.sort(b)))
    : rows;
  const sortBy = (key) => setOrder({ key, down: order?.key === key ? !order.down : false });
  return html`<div class="table-frame" role="group" aria-label=${label} tabindex="0">
    <table class=${cards ? "table table-cards" : "table"}>
      <thead>
        <tr>
          ${columns.map((column) => html`<${Head} key=${column.key} ...${{ column, order, sortBy }} />`)}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (row) =>
            html`<tr key=${keyOf(row)} data-chosen=${chosen(row) ? "true" : undefined}>
              ${columns.map(({ key, label: name, cell, number }, at) => {
                const kind = number ? "number" : undefined;
                return at === 0
                  ? html`<th scope="row" key=${key} class=${kind}>${cell(row)}</th>`
                  : html`<td key=${key} class=${kind} data-label=${name}>${cell(row)}</td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function Head({ column: { key, label, number, sort }, order, sortBy }) {
  const direction = order?.key !== key ? undefined : order.down ? "descending" : "ascending";
  return html`<th scope="col" class=${number ? "number" : undefined} aria-sort=${direction}>
    ${
      sort
        ? html`<button class="sort" type="button" onClick=${() => sortBy(key)}>
            ${label}${direction === undefined ? "" : order.down ? " ↓" : " ↑"}
          </button>`
        : label
    }
  </th>`;
}
