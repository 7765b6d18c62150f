// How the engine of each region takes a rule.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";

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
