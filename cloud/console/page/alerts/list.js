import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Empty } from "../kit/empty.js";
import { SelectField, TextField } from "../kit/form.js";
import { Age } from "../kit/number.js";
import { plural } from "../kit/numbers.js";
import { PageHead, Panel, Tabs } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useEvents, useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { AlertChips, alertUrl, valueOfStep } from "./alert-words.js";

const EVERY_MS = 15_000;

/** What is shown, by its name in the address. */
const SHOWN = {
  open: { text: "Open", states: "firing,acknowledged,silenced" },
  history: { text: "History", states: "resolved" },
  late: { text: "Late", states: "" },
};

const RULES = { href: "/rules", text: "See the rules" };
const EMPTY = {
  open: html`<${Empty} title="Nothing fires" action=${RULES}
    >The rules say what would raise an alert.<//
  >`,
  history: html`<${Empty} title="No alert has ended yet" action=${RULES}
    >One that is resolved is found here.<//
  >`,
  late: html`<${Empty} title="Nothing late was raised" action=${RULES}>
    A device that was offline sends its buffer later. What a rule finds in it is told here, apart
    from what is now.
  <//>`,
};

const COLUMNS = [
  {
    key: "message",
    label: "What",
    cell: (alert) => html`<a href=${alertUrl(alert)}>${alert.message}</a>`,
  },
  {
    key: "state",
    label: "State",
    cell: (alert) => html`<${AlertChips} alert=${alert} />`,
    sort: ({ state, severity }) => `${state} ${severity}`,
  },
  {
    key: "key",
    label: "About",
    cell: ({ key }) => html`<code>${key}</code>`,
    sort: ({ key }) => key,
  },
  { key: "rule", label: "Rule", cell: ({ rule }) => rule, sort: ({ rule }) => rule },
  { key: "region", label: "Region", cell: ({ region }) => region, sort: ({ region }) => region },
  {
    key: "since",
    label: "Since",
    cell: ({ sinceMs }) => html`<${Age} atMs=${sinceMs} />`,
    sort: ({ sinceMs }) => sinceMs,
  },
  {
    key: "value",
    label: "Value",
    number: true,
    cell: valueOfStep,
    sort: ({ value }) => value,
  },
];

export function AlertList({ query: { show: asked, rule = "", region = "" } }) {
  const show = SHOWN[asked] ? asked : "open";
  const path = urlOf(["alerts"], { state: SHOWN[show].states, rule, region, limit: 500 });
  const answer = useAsk(path, { everyMs: EVERY_MS });
  useEvents("alert", answer.reload, [answer.reload]);
  const tabs = Object.entries(SHOWN).map(([name, { text }]) => ({
    href: urlOf(["alerts"], { show: name === "open" ? "" : name, rule, region }),
    text,
    current: name === show,
  }));
  return html`
    <${PageHead} title="Alerts"> Raised in each region on its own log, with or without the WAN. <//>
    <${Tabs} label="Which alerts" tabs=${tabs} />
    <div class="toolbar">
      <${TextField}
        label="Rule"
        value=${rule}
        placeholder="any"
        onInput=${(text) => setQuery({ rule: text.trim() })}
      />
      <${RegionField} region=${region} />
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Listed} data=${data} show=${show} isFiltered=${rule !== "" || region !== ""} />`}<//
    >
  `;
}

function RegionField({ region }) {
  const names = (useOverview()?.regions ?? []).map((one) => one.region);
  const known = [...new Set([...names, "hub", ...(region === "" ? [] : [region])])];
  const options = [
    { value: "", text: "every region" },
    ...known.map((name) => ({ value: name, text: name })),
  ];
  return html`<${SelectField}
    label="Region"
    value=${region}
    options=${options}
    onChange=${(name) => setQuery({ region: name })}
  />`;
}

function Listed({ data, show, isFiltered }) {
  const alerts = data.alerts.filter(({ late }) => show !== "late" || late === true);
  const none = isFiltered
    ? html`<${Empty} title="No such alert">None of this rule and region.<//>`
    : EMPTY[show];
  return html`<${Panel} flush>
    <${Table}
      cards
      label=${plural(alerts.length, "alert")}
      columns=${COLUMNS}
      rows=${alerts}
      keyOf=${({ id, state }) => id + state}
      empty=${none}
    />
    ${
      data.more > 0 &&
      html`<p class="table-note">
        ${plural(data.more, "older one")} not shown. Choose a rule or a region.
      </p>`
    }
  <//>`;
}
