import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { Time } from "../kit/number.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { toast } from "../kit/toast.js";
import { urlOf } from "../shell/url.js";

const EVERY_MS = 10_000;
const LIMIT = 100;

const OUTCOMES = { done: "ok", refused: "warn", failed: "bad" };

const COLUMNS = [
  { key: "at", label: "When", cell: ({ atMs }) => html`<${Time} atMs=${atMs} />` },
  {
    key: "who",
    label: "Who",
    cell: ({ who, role, address }) =>
      html`${who}
        <div class="muted small">${who === role ? "" : `${role}, `}${address}</div>`,
  },
  {
    key: "what",
    label: "What",
    cell: ({ action, request }) =>
      html`${action}
        <div class="muted small"><code>${request}</code></div>`,
  },
  {
    key: "outcome",
    label: "Outcome",
    cell: ({ outcome, detail }) =>
      html`<${Chip} state=${OUTCOMES[outcome]}>${outcome}<//
        >${detail && html`<div class="muted small">${detail}</div>`}`,
  },
];

export function Changes() {
  const answer = useAsk(urlOf(["audit"], { limit: LIMIT }), { everyMs: EVERY_MS });
  return html`<${Answer} of=${answer}>${(data) => html`<${Listed} newest=${data} />`}<//>`;
}

/** The newest page is kept up to date; older ones, once asked for, do not change. */
function Listed({ newest }) {
  const [older, setOlder] = useState(null);
  const before = older === null ? newest.before : older.before;
  const more = async () => {
    try {
      const page = await ask("GET", urlOf(["audit"], { before, limit: LIMIT }));
      setOlder({ records: [...(older?.records ?? []), ...page.records], before: page.before });
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  const seen = new Set(newest.records.map(({ seq }) => seq));
  const records = [
    ...newest.records,
    ...(older?.records ?? []).filter(({ seq }) => !seen.has(seq)),
  ];
  return html`<${Panel} flush>
    <${Table}
      cards
      label=${plural(records.length, "change")}
      columns=${COLUMNS}
      rows=${records}
      keyOf=${({ seq }) => seq}
      empty=${html`<${Empty}
        title="Nobody has changed anything yet"
        action=${{ href: "/connect", text: "Connect a device" }}
      >
        Every change through the console is written down here, with who and what.
      <//>`}
    />
    ${before !== null && html`<p class="table-note"><${Button} size="small" onClick=${more}>Older ones<//></p>`}
  <//>`;
}
