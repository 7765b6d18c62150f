import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { SearchField } from "../kit/form.js";
import { plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { useEvents } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { EngineChips, Evaluations, StateCounts } from "./engines.js";
import { countsOf } from "./counts.js";

const EVERY_MS = 10_000;

const COLUMNS = [
  {
    key: "id",
    label: "Rule",
    cell: ({ id, version, source }) =>
      html`<a href=${urlOf(["rules", id])}>${id}</a>
        <span class="muted small"> v${version}${source === "file" ? ", of a file" : ""}</span>`,
    sort: ({ id }) => id,
  },
  { key: "kind", label: "Kind", cell: ({ kind }) => kind, sort: ({ kind }) => kind },
  { key: "contract", label: "Contract", cell: ({ contracts }) => contracts.join(", ") },
  {
    key: "condition",
    label: "Condition",
    cell: ({ condition }) => html`<code>${condition}</code>`,
  },
  {
    key: "evaluations",
    label: "Evaluated",
    number: true,
    cell: ({ engines }) => html`<${Evaluations} engines=${engines} />`,
    sort: ({ engines }) => -countsOf(engines).evaluations,
  },
  {
    key: "state",
    label: "State",
    cell: ({ engines }) => html`<${StateCounts} engines=${engines} />`,
  },
  {
    key: "open",
    label: "Open alerts",
    cell: ({ id, open, severity }) =>
      open === 0
        ? html`<span class="muted">none</span>`
        : html`<a href=${urlOf(["alerts"], { rule: id })}
            ><${Chip} state=${severity === "critical" ? "bad" : "warn"}>${open}<//></a
          >`,
    sort: ({ open }) => -open,
  },
  {
    key: "engines",
    label: "Engines",
    cell: ({ engines, version }) => html`<${EngineChips} engines=${engines} version=${version} />`,
  },
];

export function RuleList({ query: { search = "" } }) {
  const answer = useAsk("/rules", { everyMs: EVERY_MS });
  useEvents("alert", answer.reload, [answer.reload]);
  return html`
    <${PageHead}
      title="Rules"
      actions=${html`<${ForOperators}><${LinkButton} kind="primary" href="/rules?new=threshold">New rule<//><//>`}
    >
      The engine of each region evaluates them on the region's own log, with or without the WAN.
    <//>
    <div class="toolbar">
      <${SearchField}
        value=${search}
        placeholder="id, contract or condition"
        onInput=${(text) => setQuery({ search: text })}
      />
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Listed} ...${data} search=${search.toLowerCase()} />`}<//
    >
  `;
}

function Listed({ rules, unreadable, search }) {
  const found = rules.filter(({ id, condition, contracts, summary }) =>
    [id, condition, summary ?? "", ...contracts].some((text) =>
      text.toLowerCase().includes(search),
    ),
  );
  return html`<div class="stack">
    ${Object.entries(unreadable).map(
      ([key, why]) =>
        html`<${Note} key=${key} state="warn" title=${`What is saved as "${key}" is no rule`}>
          <p>Engines leave it out: ${why}</p>
        <//>`,
    )}
    <${Panel} flush>
      <${Table}
        cards
        label=${plural(found.length, "rule")}
        columns=${COLUMNS}
        rows=${found}
        keyOf=${({ id }) => id}
        empty=${search === "" ? html`<${NoRules} />` : html`<${Empty} title="No such rule">None has this in its id, contract or condition.<//>`}
      />
    <//>
  </div>`;
}

const NoRules = () =>
  html`<${Empty}
    title="There are no rules yet"
    action=${{ href: "/rules?new=threshold", text: "Write the first one" }}
  >
    A rule says when somebody is to be told: of a value beyond a limit, of a device that is silent.
    It is tried over the last hour before it counts.
  <//>`;
