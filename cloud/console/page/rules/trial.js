// A rule over the last hour of the regions' logs: what it would raise, and what that gains and loses.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { SelectField } from "../kit/form.js";
import { Time } from "../kit/number.js";
import { count, exact, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { useOverview } from "../shell/feed.js";

const SHOWN_MAX = 50;
const SPANS = [
  { value: "10", text: "10 minutes" },
  { value: "60", text: "hour" },
  { value: "360", text: "6 hours" },
  { value: "1440", text: "day" },
];

export function Trial({ rule, isReady }) {
  const regions = (useOverview()?.regions ?? []).map(({ region }) => region);
  const [region, setRegion] = useState("");
  const [minutes, setMinutes] = useState("60");
  const [state, setState] = useState({ text: null, outcome: null, problem: null });
  const text = JSON.stringify(rule);
  const run = async () => {
    const asked = { rule, minutes: Number(minutes) };
    const outcome = await overRegions(region === "" ? regions : [region], asked).then(
      (found) => ({ text, outcome: found, problem: null }),
      (problem) => ({ text, outcome: null, problem }),
    );
    setState(outcome);
  };
  const options = [
    { value: "", text: "every region" },
    ...regions.map((name) => ({ value: name, text: name })),
  ];
  const { outcome, problem } = state;
  return html`<${Panel}
    title="Try it first"
    note="Nothing is raised, nobody is told"
    aria-live="polite"
  >
    <div class="stack">
      <div class="row trial-asked">
        <${SelectField}
          label="Over the last"
          value=${minutes}
          options=${SPANS}
          onChange=${setMinutes}
        />
        <${SelectField}
          label="of the log of"
          value=${region}
          options=${options}
          onChange=${setRegion}
        />
        <${Button} disabled=${!isReady || regions.length === 0} onClick=${run}>Run<//>
      </div>
      ${problem && html`<${ProblemNote} problem=${problem} title="It did not run" />`}
      ${outcome && state.text !== text && html`<${Note} state="warn" title="The rule has changed since" />`}
      ${outcome && html`<${Outcome} ...${outcome} />`}
    </div>
  <//>`;
}

/** One region after the other: the console runs one trial at a time. */
async function overRegions(regions, asked) {
  const sum = { alerts: [], gained: [], lost: [], raised: 0, readings: 0, late: 0, against: null };
  for (const region of regions) {
    const one = await ask("POST", "/rules/test", { ...asked, region });
    for (const list of ["alerts", "gained", "lost"]) sum[list].push(...one[list]);
    for (const term of ["raised", "readings", "late"]) sum[term] += one[term];
    sum.against = one.against;
  }
  return sum;
}

function Outcome({ alerts, raised, readings, late, against, gained, lost }) {
  const begun = alerts.filter(({ state }) => state === "firing" || state === "silenced");
  const isCompared = against !== null;
  return html`
    <p>
      <strong>It would have raised ${raised === 0 ? "nothing" : plural(raised, "alert")}</strong>
      ${` over ${plural(readings, "reading")}${late > 0 ? `, ${count(late)} of them late` : ""}.`}
    </p>
    ${readings === 0 && html`<${Note} state="warn" title="No reading of its contract came in this time"><p>Look further back, or let a device send.</p><//>`}
    ${
      isCompared &&
      html`<p class="row">
        Against version ${against}:
        <${Chip} state=${gained.length > 0 ? "warn" : "ok"}
          >${plural(gained.length, "alert")} gained<//
        >
        <${Chip} state=${lost.length > 0 ? "warn" : "ok"}>${plural(lost.length, "alert")} lost<//>
      </p>`
    }
    ${isCompared && html`<${Steps} title="Gained" steps=${gained} /><${Steps} title="Lost" steps=${lost} />`}
    <${Steps} title="All that it would have raised" steps=${begun} />
  `;
}

const COLUMNS = [
  { key: "at", label: "When", cell: ({ atMs }) => html`<${Time} atMs=${atMs} />` },
  {
    key: "key",
    label: "About",
    cell: ({ key, late, state }) =>
      html`<span class="row"
        ><code>${key}</code
        >${late && html`<${Chip}>late<//>`}${state === "silenced" && html`<${Chip}>silenced<//>`}</span
      >`,
  },
  { key: "region", label: "Region", cell: ({ region }) => region },
  { key: "value", label: "Value", number: true, cell: ({ value }) => exact(value) },
];

function Steps({ title, steps }) {
  if (steps.length === 0) return null;
  const more = steps.length - SHOWN_MAX;
  return html`<div>
    <h3>${title}</h3>
    <${Table}
      cards
      label=${title}
      columns=${COLUMNS}
      rows=${steps.slice(0, SHOWN_MAX)}
      keyOf=${({ id, state }) => id + state}
    />
    ${more > 0 && html`<p class="muted small">and ${count(more)} more</p>`}
  </div>`;
}
