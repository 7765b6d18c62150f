// Alerts: what fires, what fired, what came late; one alert with its history and the values around it.
import { html } from "/lib/htm.js";
import { AlertDetail } from "../alerts/detail.js";
import { AlertList } from "../alerts/list.js";

/** /alerts, /alerts/{rule}/{key} */
export function Page({ path: [rule, key], query }) {
  return key === undefined
    ? html`<${AlertList} query=${query} />`
    : html`<${AlertDetail} rule=${rule} name=${key} query=${query} />`;
}
