// How an alert is addressed and coloured.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { exact } from "../kit/numbers.js";
import { urlOf } from "../shell/url.js";

const OF_SEVERITY = { info: "info", warning: "warn", critical: "bad" };

/** Its state in a word, coloured by how grave it is while it fires. */
export function AlertChips({ alert: { state, severity, late } }) {
  const isFiring = state === "firing";
  const colour = isFiring ? OF_SEVERITY[severity] : state === "resolved" ? "ok" : "idle";
  return html`<span class="row">
    <${Chip} state=${colour}>${state}${isFiring ? `, ${severity}` : ""}<//>
    ${late && html`<${Chip} title="Its readings arrived too late to be what is now">late<//>`}
  </span>`;
}

export const alertUrl = ({ rule, key, region, late }) =>
  urlOf(["alerts", rule, key], { region, late: late ? "true" : "" });

/** The value that the rule saw at this step; empty where somebody took it, and no reading. */
export const valueOfStep = ({ state, value }) => (state === "acknowledged" ? "" : exact(value));
