// All lanes: how far each reader is with each of them, and why it stands where it does.
import { html } from "/lib/htm.js";
import { LAG_STATES, LAG_WORDS, fillText } from "../home/path.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Age, Facts } from "../kit/number.js";
import { bytes, count, duration, minuteText } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useOverview } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";

const ASKED_AGAIN_MS = 3_000;

/** A verdict of lag: its word, and its sentence where the word does not say all. */
export function LagChip({ verdict }) {
  if (!verdict) return html`<${Chip}>not known yet<//>`;
  return html`<${Chip} state=${LAG_STATES[verdict.state]} title=${verdict.why}
    >${LAG_WORDS[verdict.state]}<//
  >`;
}

const operatorOf = (operators, lane, name) =>
  operators.find(
    (one) =>
      one.region === lane.region && one.partition === lane.partition && one.operator === name,
  );

function Reader({ verdict, operator }) {
  const why = operator?.stoppedBy ?? (verdict && verdict.state !== "ok" ? verdict.why : null);
  return html`<div class="row">
      <${LagChip} verdict=${verdict} />
      ${operator && html`<span class="muted small">done to ${count(operator.doneSeq)}</span>`}
    </div>
    ${why && html`<div class="small">${why}</div>`}`;
}

function columnsOf(verdicts, operators) {
  const reader = (key, label) => ({
    ...{ key, label },
    cell: (lane) =>
      html`<${Reader}
        verdict=${verdicts(lane)?.[key]}
        operator=${operatorOf(operators, lane, key)}
      />`,
  });
  return [
    {
      ...{ key: "lane", label: "Lane" },
      cell: ({ region, partition }) =>
        html`<a href=${urlOf(["lanes", region, String(partition)])}>${region}/${partition}</a>`,
    },
    {
      ...{ key: "frames", label: "Frames", number: true, sort: ({ frames }) => frames },
      cell: ({ frames }) => count(frames),
    },
    {
      ...{ key: "newest", label: "Newest", number: true },
      cell: ({ newestSeq, newestMs }) =>
        newestSeq === 0
          ? "none"
          : html`${count(newestSeq)} <span class="unit"><${Age} atMs=${newestMs} /></span>`,
    },
    reader("alerting", "Alerting engine"),
    reader("aggregator", "Aggregator"),
  ];
}

function RegionLog({ log, insight, operators }) {
  const { region, firstSeq, lastSeq, lanes } = log;
  const own = insight?.log;
  const link = insight?.link;
  const verdicts = (lane) =>
    insight?.lanes?.find(({ partition }) => partition === lane.partition) ?? null;
  const rows = [
    [
      "Link",
      link &&
        html`<${Chip} state=${link.up ? "ok" : "warn"}>WAN ${link.up ? "up" : "down"}<//> since
          ${` ${minuteText(link.sinceMs)}`}`,
    ],
    [
      "Region's log",
      own &&
        `${bytes(own.bytes)}${own.bytesMax ? `, ${fillText(own.bytes / own.bytesMax)} of its bound` : ""}, frames ${count(own.firstSeq)} to ${count(own.lastSeq)}`,
    ],
    ["Hub's copy", `${bytes(log.bytes)}, frames ${count(firstSeq)} to ${count(lastSeq)}`],
    ["Copying", insight?.copy && html`<${LagChip} verdict=${insight.copy.verdict} />`],
    [
      "Stored is",
      typeof insight?.freshnessMs === "number" && `${duration(insight.freshnessMs)} old at most`,
    ],
  ];
  const listed = lanes.map((lane) => ({ region, ...lane }));
  return html`<${Panel} title=${`Log of ${region}`}>
      <${Facts} rows=${rows} />
    <//>
    <${Panel} flush title=${`Lanes of ${region}`}>
      <${Table}
        label=${`Lanes of ${region}`}
        columns=${columnsOf(verdicts, operators)}
        rows=${listed}
        keyOf=${({ partition }) => partition}
      />
    <//>`;
}

export function AllLanes({ query }) {
  const overview = useOverview();
  const asked = useAsk(urlOf(["lanes"], { region: query.region }), { everyMs: ASKED_AGAIN_MS });
  const crumb = query.region ? { href: "/lanes", text: "All lanes" } : null;
  return html`<${PageHead}
      title=${query.region ? `Lanes of ${query.region}` : "Lanes"}
      crumb=${crumb}
    >
      A region's log is cut into lanes, which are read in order. Health is progress: who does not
      get on is stuck, however well it is connected.
    <//>
    <${Answer} of=${asked}
      >${({ logs, operators }) =>
        html`<div class="stack">
          ${logs.map(
            (log) =>
              html`<${RegionLog}
                key=${log.region}
                log=${log}
                insight=${overview?.regions.find(({ region }) => region === log.region)}
                operators=${operators}
              />`,
          )}
        </div>`}<//
    >`;
}
