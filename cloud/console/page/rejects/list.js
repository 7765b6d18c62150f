import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { SelectField, TextField } from "../kit/form.js";
import { Age } from "../kit/number.js";
import { count, plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { REASONS, saysOf } from "./reasons.js";
import { ReplayPanel } from "./replay.js";

const EVERY_MS = 10_000;
const GROUPS_SHOWN = 12;

export function RejectList({ query: { region = "", reason = "", device = "", contract = "" } }) {
  const settled = useSettled(device);
  const ofContract = useSettled(contract);
  const filter = { region, reason, device: settled, contract: ofContract };
  const summary = useAsk("/rejects/summary", { everyMs: EVERY_MS });
  const answer = useAsk(urlOf(["rejects"], { ...filter, limit: 200 }), { everyMs: EVERY_MS });
  const reload = () => {
    summary.reload();
    answer.reload();
  };
  const regions = (useOverview()?.regions ?? []).map((one) => one.region);
  return html`
    <${PageHead}
      title="Rejects"
      actions=${html`<${LinkButton} href=${urlOf(["rejects", "learn"], { region })}>Learn<//>`}
    >
      What was refused is kept as it was sent, with its reason. Mend what is wrong, then admit it
      again as of its arrival.
    <//>
    <div class="stack">
      <${Answer} of=${summary}>${(data) => html`<${Groups} ...${data} />`}<//>
      <div class="toolbar">
        <${SelectField}
          label="Region"
          value=${region}
          options=${[{ value: "", text: "every region" }, ...[...new Set([...regions, "hub", ...(region ? [region] : [])])].map((value) => ({ value, text: value }))]}
          onChange=${(value) => setQuery({ region: value })}
        />
        <${SelectField}
          label="Reason"
          value=${reason}
          options=${[{ value: "", text: "every reason" }, ...Object.keys(REASONS).map((value) => ({ value, text: value.replaceAll("_", " ") }))]}
          onChange=${(value) => setQuery({ reason: value })}
        />
        <${TextField}
          label="Device"
          value=${device}
          placeholder="any"
          onInput=${(text) => setQuery({ device: text.trim() })}
        />
        <${TextField}
          label="Contract"
          value=${contract}
          placeholder="any; ? for none"
          onInput=${(text) => setQuery({ contract: text.trim() })}
        />
      </div>
      <${ReplayPanel} filter=${filter} regions=${regions} done=${reload} />
      <${Answer} of=${answer}
        >${(data) => html`<${Listed} ...${data} isFiltered=${[region, reason, device, contract].some((one) => one !== "")} />`}<//
      >
    </div>
  `;
}

/** By reason, device and contract, most first. */
function Groups({ groups, more }) {
  if (groups.length === 0) return null;
  const shown = groups.slice(0, GROUPS_SHOWN);
  const hidden = groups.length - shown.length + more;
  return html`<${Panel} title="By reason, device and contract" note="as far as they are kept" flush>
    <${Table}
      cards
      label="Rejects by reason, device and contract"
      columns=${GROUP_COLUMNS}
      rows=${shown}
      keyOf=${({ region, reason, device, contract }) => `${region} ${reason} ${device} ${contract}`}
    />
    ${hidden > 0 && html`<p class="table-note">and ${plural(hidden, "smaller group")}</p>`}
  <//>`;
}

const GROUP_COLUMNS = [
  {
    key: "reason",
    label: "Reason",
    cell: ({ region, reason, device, contract }) =>
      html`<a href=${urlOf(["rejects"], { region, reason, device, contract: contract ?? "?" })}
          >${reason.replaceAll("_", " ")}</a
        >
        <div class="muted small">${saysOf(reason)}</div>`,
    sort: ({ reason }) => reason,
  },
  {
    key: "device",
    label: "Device",
    cell: ({ device }) => html`<code>${device}</code>`,
    sort: ({ device }) => device,
  },
  {
    key: "contract",
    label: "Contract",
    cell: ({ contract }) => contract ?? html`<span class="muted">not known</span>`,
    sort: ({ contract }) => contract ?? "",
  },
  { key: "region", label: "Region", cell: ({ region }) => region, sort: ({ region }) => region },
  {
    key: "count",
    label: "Rejects",
    number: true,
    cell: (group) => count(group.count),
    sort: (group) => group.count,
  },
];

const COLUMNS = [
  {
    key: "detail",
    label: "What is wrong",
    cell: ({ region, seq, detail, reason }) =>
      html`<a href=${urlOf(["rejects", region, seq])}>${detail || saysOf(reason)}</a>`,
  },
  {
    key: "reason",
    label: "Reason",
    cell: ({ reason }) => reason.replaceAll("_", " "),
    sort: ({ reason }) => reason,
  },
  {
    key: "device",
    label: "Device",
    cell: ({ device }) => html`<code>${device}</code>`,
    sort: ({ device }) => device,
  },
  { key: "topic", label: "Topic", cell: ({ topic }) => html`<code>${topic}</code>` },
  {
    key: "at",
    label: "Arrived",
    cell: ({ receivedAtMs }) => html`<${Age} atMs=${receivedAtMs} />`,
    sort: ({ receivedAtMs }) => -receivedAtMs,
  },
  {
    key: "state",
    label: "State",
    cell: ({ isDone }) =>
      isDone === true
        ? html`<${Chip} state="ok">replayed<//>`
        : html`<${Chip}
            state=${isDone === null ? "idle" : "warn"}
            title=${isDone === null ? "Its region does not answer" : ""}
            >kept<//
          >`,
    sort: ({ isDone }) => String(isDone),
  },
];

function Listed({ rejects, dropped, isFiltered }) {
  const none = isFiltered
    ? html`<${Empty} title="No such reject"
        >None of this region, reason, device and contract is kept.<//
      >`
    : html`<${Empty}
        title="Nothing was refused"
        action=${{ href: "/contracts", text: "See what is expected" }}
      >
        A message that breaks its contract would be kept here, with the place that is wrong.
      <//>`;
  return html`<${Panel} title="Newest first" flush>
    <${Table}
      cards
      label=${plural(rejects.length, "reject")}
      columns=${COLUMNS}
      rows=${rejects}
      keyOf=${({ region, seq }) => `${region} ${seq}`}
      empty=${none}
    />
    ${dropped > 0 && html`<p class="table-note">${plural(dropped, "older one")} made room or became too old, without being replayed.</p>`}
  <//>`;
}
