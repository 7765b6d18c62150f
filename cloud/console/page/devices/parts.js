// Parts that the list of devices and the page of one share.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { Value } from "../kit/number.js";
import { valueText } from "../kit/numbers.js";
import { useNow } from "../kit/now.js";
import { PRESENCE, fieldsOf } from "./readings.js";

const SILENT_MS = 5 * 60_000;

/** What the record says about a device's right to connect. */
export function RecordChip({ registered }) {
  if (!registered)
    return html`<${Chip} title="Nobody registered it: it comes in anonymously">not registered<//>`;
  if (registered.revokedAtMs) return html`<${Chip} state="bad">revoked<//>`;
  return html`<${Chip} state="ok">${registered.role}<//>`;
}

/** Whether a device is there: by its clients, by what its gateway says, or by how long ago it was heard. */
export function PresenceChip({ heard, clients = [] }) {
  const nowMs = useNow();
  if (clients.some(({ kind }) => kind === "connected")) return html`<${Chip} state="ok">online<//>`;
  if (clients.length > 0) return html`<${Chip} title=${`reason: ${clients[0].reason}`}>offline<//>`;
  if (!heard) return html`<${Chip}>never heard<//>`;
  const presence = heard.readings.find(({ contract }) => contract === PRESENCE);
  const state = presence?.values?.state;
  if (state === "online") return html`<${Chip} state="ok">online<//>`;
  if (state === "offline")
    return html`<${Chip} title=${`reason: ${presence.values.reason}`}>offline<//>`;
  return nowMs - heard.lastMs < SILENT_MS
    ? html`<${Chip} state="ok">sends<//>`
    : html`<${Chip} state="warn">silent<//>`;
}

/** The values of a reading in a line, up to `max`. */
export function ValuesLine({ reading, unitOf, max = 4 }) {
  const fields = fieldsOf(reading);
  return html`<span class="cell-values"
    >${fields.slice(0, max).map(([name, value]) => {
      const unit = unitOf(reading.contract, reading.version, name);
      return html`<span key=${name}
        ><span class="name">${name}</span>${" "}<${Value} value=${valueText(value)} unit=${unit}
      /></span>`;
    })}${fields.length > max && html`<span class="muted">and ${fields.length - max} more</span>`}</span
  >`;
}
