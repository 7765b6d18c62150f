import { html } from "/lib/htm.js";
import { useEffect } from "/lib/hooks.js";
import { useAsk } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Age } from "../kit/number.js";
import { useEvents } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";

const SHOWN = 6;
const SEVERITIES = { critical: "bad", error: "bad", warning: "warn", info: "info" };

/** The alerts that are firing, newest first; asked again when the overview counts another number of them. */
export function Firing({ count }) {
  const { data, problem, reload } = useAsk(`/alerts?state=firing&limit=${SHOWN + 1}`, {
    everyMs: 15_000,
  });
  useEvents("alert", reload, [reload]);
  useEffect(() => void reload(), [count, reload]);
  if (problem) return html`<p class="muted">Alerts are not known yet: ${problem.message}</p>`;
  if (data === null) return html`<p class="muted" role="status">Loading</p>`;
  const { alerts } = data;
  if (alerts.length === 0) return html`<p class="muted">Nothing fires.</p>`;
  return html`<ul class="plain-list">
    ${alerts.slice(0, SHOWN).map(
      (alert) =>
        html`<li key=${alert.id} class="row">
          <${Chip} state=${SEVERITIES[alert.severity] ?? "warn"}>${alert.severity ?? "alert"}<//>
          <a href=${urlOf(["alerts", alert.rule, alert.key])}>${alert.rule}</a>
          <span>${alert.key}</span>
          <span class="muted spread"><${Age} atMs=${alert.receivedAtMs ?? alert.atMs} /></span>
        </li>`,
    )}
    ${alerts.length > SHOWN && html`<li><a href="/alerts">All that fire</a></li>`}
  </ul>`;
}
