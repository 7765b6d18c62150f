// How the engine of each region takes a rule.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { UNKNOWN, count } from "../kit/numbers.js";
import { countsOf, statesOf } from "./counts.js";

const STATES = {
  evaluated: "ok",
  waiting: "warn",
  disabled: "bad",
  failing: "bad",
  unknown: "idle",
};

export const EngineChips = ({ engines, version }) =>
  engines.length === 0
    ? html`<span class="muted">no engine is heard</span>`
    : html`<span class="row">
        ${engines.map(
          (engine) =>
            html`<${EngineChip} key=${engine.region} engine=${engine} version=${version} />`,
        )}
      </span>`;

function EngineChip({ engine: { region, state, detail, version: theirs }, version }) {
  const isOld = theirs !== null && theirs !== version;
  return html`<${Chip} state=${isOld ? "warn" : STATES[state]} title=${detail}
    >${region}: ${isOld ? `still v${theirs}` : state}<//
  >`;
}

/** Readings that a rule was asked about, in all regions; by region in its title. */
export function Evaluations({ engines }) {
  const { known, evaluations } = countsOf(engines);
  if (known === 0) return html`<span class="muted">${UNKNOWN}</span>`;
  const byRegion = engines
    .filter(({ counts }) => counts !== null)
    .map(({ region, counts }) => `${region}: ${count(counts.evaluations)}`);
  return html`<span title=${`${byRegion.join(", ")}, since it began or the engine was started`}
    >${count(evaluations)}</span
  >`;
}

/** Numbers of keys in each state, in all regions. */
export function StateCounts({ engines }) {
  const counts = countsOf(engines);
  const states = statesOf(counts);
  if (counts.known === 0) return html`<span class="muted">${UNKNOWN}</span>`;
  if (states.length === 0) return html`<${Chip} state="ok">holds for none<//>`;
  return html`<span class="row">
    ${states.map(([word, number, colour]) => html`<${Chip} key=${word} state=${colour}>${count(number)} ${word}<//>`)}
  </span>`;
}
