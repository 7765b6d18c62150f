// The legend of several lines: how each is drawn, and how complete it is.
import { html } from "/lib/htm.js";
import { colourOf, isDashed } from "../kit/chart.js";
import { Chip } from "../kit/chip.js";
import { count } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { fieldTitle } from "../kit/units.js";
import { completenessOf } from "./completeness.js";
import { drawnFrom } from "./points.js";

export const LinesTable = ({ lines }) =>
  html`<${Panel} title="Lines" note="how each is drawn, and how complete it is" flush>
    <${Table}
      cards
      label="Lines, and how complete each is"
      columns=${COLUMNS}
      rows=${lines.map((line) => ({ ...line, ...completenessOf(line.points, line.stepMs) }))}
      keyOf=${({ name }) => name}
    />
  <//>`;

const LineMark = ({ colour }) =>
  html`<svg class="line-mark" viewBox="0 0 28 6" aria-hidden="true">
    <path
      d="M0 3 H28"
      style=${{ stroke: colourOf(colour) }}
      stroke-dasharray=${isDashed(colour) ? "11 4" : undefined}
    />
  </svg>`;

/** A number that should be 0, marked if it is not; readings have no windows. */
const windows = (name, state) => (line) =>
  line.stepMs === 0
    ? html`<span class="muted">no windows</span>`
    : html`<${Chip} state=${line[name] > 0 ? state : "ok"}>${count(line[name])}<//>`;

const COLUMNS = [
  {
    key: "name",
    label: "Line",
    cell: ({ colour, name, field, unit }) =>
      html`<span class="row"
        ><${LineMark} colour=${colour} /><span>${name}</span>${
          name.includes(field)
            ? html`<span class="muted">${fieldTitle("", unit).trim()}</span>`
            : html`<span class="muted">${fieldTitle(field, unit)}</span>`
        }</span
      >`,
  },
  {
    key: "source",
    label: "Drawn from",
    cell: (line) =>
      line.points.length === 0
        ? html`<span class="muted">nothing in this span</span>`
        : html`${drawnFrom(line)}
          ${line.isCutShort && html` <${Chip} state="warn">there are more: zoom in<//>`}`,
  },
  { key: "readings", label: "Readings", number: true, cell: ({ readings }) => count(readings) },
  { key: "gaps", label: "Windows missing", cell: windows("gaps", "warn") },
  { key: "sparse", label: "With few readings", cell: windows("sparse", "warn") },
  { key: "revised", label: "Revised", cell: windows("revised", "info") },
  { key: "open", label: "Not final", cell: windows("open", "idle") },
];
