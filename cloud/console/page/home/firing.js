// What fires now, told apart: what is wrong with the platform, and alerts about devices.
import { html } from "/lib/htm.js";
import { useEffect } from "/lib/hooks.js";
import { alertUrl } from "../alerts/alert-words.js";
import { useAsk } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Age } from "../kit/number.js";
import { useEvents } from "../shell/feed.js";
import { ASKED, firesOf } from "./fires.js";
import { ProblemLinks, lineOf, toneOf } from "./problem.js";

const SHOWN = 6;
const SEVERITIES = { critical: "bad", error: "bad", warning: "warn", info: "info" };
const WORDS = { bad: "wrong", warn: "look at it", info: "goes on" };

const Problem = ({ problem }) =>
  html`<li class="fires">
    <${Chip} state=${toneOf(problem)}>${WORDS[toneOf(problem)]}<//>
    <span>${lineOf(problem)}</span>
    <${ProblemLinks} problem=${problem} />
  </li>`;

const Alert = ({ alert }) =>
  html`<li class="row">
    <${Chip} state=${SEVERITIES[alert.severity] ?? "warn"}>${alert.severity ?? "alert"}<//>
    <a href=${alertUrl(alert)}>${alert.rule}</a>
    <span>${alert.key}</span>
    <span class="muted spread"><${Age} atMs=${alert.receivedAtMs ?? alert.atMs} /></span>
  </li>`;

const Alerts = ({ alerts }) =>
  html`${alerts.slice(0, SHOWN).map((alert) => html`<${Alert} key=${alert.id} alert=${alert} />`)}
  ${alerts.length > SHOWN && html`<li><a href="/alerts">All that fire</a></li>`}`;

/** Problems are of the overview; alerts are asked for again when the overview counts another number of them. */
export function useFires(overview) {
  const { alertsFiring } = overview;
  const { data, problem, reload } = useAsk(`/alerts?state=firing&limit=${ASKED}`, {
    everyMs: 15_000,
  });
  useEvents("alert", reload, [reload]);
  useEffect(() => {
    if (data !== null) void reload(); // The first question is asked already.
  }, [alertsFiring, reload]);
  return { ...firesOf(overview, data?.alerts ?? null), problem };
}

export function Firing({ fires: { problems, own, ofDevices, devices, more, problem } }) {
  return html`<div class="stack" id="fires">
    <section aria-label="Platform">
      <h3>Platform</h3>
      <ul class="plain-list">
        ${problems.map((one) => html`<${Problem} key=${one.kind + one.text} problem=${one} />`)}
        <${Alerts} alerts=${own} />
      </ul>
      ${
        problems.length + own.length === 0 &&
        html`<p class="muted">
          ${more > 0 ? "None of its own among the newest that fire." : "Nothing is wrong with it."}
        </p>`
      }
    </section>
    <section aria-label="Devices">
      <h3>Devices</h3>
      ${
        problem
          ? html`<p class="muted">Alerts are not known yet: ${problem.message}</p>`
          : devices === null
            ? html`<p class="muted" role="status">Loading</p>`
            : ofDevices.length === 0
              ? html`<p class="muted">No rule fires.</p>`
              : html`<ul class="plain-list">
                  <${Alerts} alerts=${ofDevices} />
                </ul>`
      }
    </section>
  </div>`;
}
