import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Facts, Time, Age } from "../kit/number.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useEvents } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { AlertActions } from "./actions.js";
import { AlertChips, valueOfStep } from "./alert-words.js";
import { isOwnRule } from "./own-rule.js";
import { ValuesAround } from "./values.js";

const EVERY_MS = 10_000;
const CRUMB = { href: "/alerts", text: "Alerts" };

export function AlertDetail({ rule, name, query: { region, late } }) {
  const answer = useAsk(urlOf(["alerts", rule, name], { region, late }), { everyMs: EVERY_MS });
  useEvents("alert", (alert) => alert.rule === rule && alert.key === name && answer.reload(), [
    rule,
    name,
    answer.reload,
  ]);
  if (answer.data === null)
    return html`<${PageHead} title=${rule} crumb=${CRUMB} /><${Answer} of=${answer}
        >${() => null}<//
      >`;
  const { alert, history, values } = answer.data;
  return html`
    <${PageHead}
      title=${alert.message}
      crumb=${CRUMB}
      actions=${html`<${ForOperators}><${AlertActions} alert=${alert} done=${answer.reload} /><//>`}
    />
    <div class="stack">
      <${Panel}><${AlertFacts} alert=${alert} /><//>
      <${ValuesAround} alert=${alert} history=${history} values=${values} />
      <${Panel} title="History" flush>
        <${Table}
          cards
          label="Steps of this alert, newest first"
          columns=${STEPS}
          rows=${history.toReversed()}
          keyOf=${({ seq, index, state, atMs }) => `${seq} ${index} ${state} ${atMs}`}
        />
      <//>
    </div>
  `;
}

const STEPS = [
  { key: "at", label: "When", cell: ({ atMs }) => html`<${Time} atMs=${atMs} />` },
  { key: "state", label: "Step", cell: (step) => html`<${AlertChips} alert=${step} />` },
  { key: "message", label: "What it said", cell: ({ message }) => message },
  { key: "value", label: "Value", number: true, cell: valueOfStep },
  { key: "by", label: "By", cell: ({ by }) => by ?? "" },
];

function AlertFacts({ alert }) {
  const { key, series, rule, region, sinceMs, atMs, by, partition, seq, index } = alert;
  const isOwn = isOwnRule(alert);
  const device = series?.key ?? key;
  return html`<${Facts}
    rows=${[
      ["State", html`<${AlertChips} alert=${alert} />`],
      [
        "About",
        isOwn
          ? html`<code>${key}</code>`
          : html`<a href=${urlOf(["devices", device])}><code>${key}</code></a>`,
      ],
      ["Rule", isOwn ? rule : html`<a href=${urlOf(["rules", rule])}>${rule}</a>`],
      ["Region", region],
      ["Since", html`<${Time} atMs=${sinceMs} /> (<${Age} atMs=${sinceMs} />)`],
      ["Last step", html`<${Time} atMs=${atMs} />`],
      ["Value", valueOfStep(alert) || null],
      ["Acknowledged by", by],
      [
        "In the log",
        partition >= 0 &&
          html`<a href=${urlOf(["lanes", region, partition, seq])}
            >lane ${region}/${partition}, frame ${seq}, reading ${index}</a
          >`,
      ],
    ]}
  />`;
}
