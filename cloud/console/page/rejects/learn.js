// Learning from rejects that no mapping took: proposals, what each message would become, and their confirmation.
import { html } from "/lib/htm.js";
import { useCallback, useEffect, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Code } from "../kit/code.js";
import { Empty } from "../kit/empty.js";
import { SelectField, TextField } from "../kit/form.js";
import { Facts } from "../kit/number.js";
import { plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { useEvents, useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { ForOperators } from "../shell/session.js";
import { Progress } from "./replay.js";

const CRUMB = { href: "/rejects", text: "Rejects" };

/** /rejects/learn?region=… */
export function Learn({ query: { region: asked = "" } }) {
  const regions = (useOverview()?.regions ?? []).map((one) => one.region);
  const region = asked || regions[0] || "";
  return html`
    <${PageHead} title="Learn from rejects" crumb=${CRUMB}>
      What devices sent that no mapping took: which device, contract and fields it could become.
      Nothing changes before it is confirmed.
    <//>
    <${ForOperators}>
      <div class="stack">
        <div class="toolbar">
          <${SelectField}
            label="Region"
            value=${region}
            options=${[...new Set([...regions, ...(region ? [region] : [])])].map((value) => ({ value, text: value }))}
            onChange=${(value) => setQuery({ region: value })}
          />
        </div>
        ${region !== "" && html`<${Questions} key=${region} region=${region} />`}
      </div>
    <//>
  `;
}

function Questions({ region }) {
  const [zone, setZone] = useState("");
  const [state, setState] = useState({ data: null, problem: null });
  const [job, setJob] = useState(null);
  const load = useCallback(async () => {
    const body = { region, ...(zone.trim() === "" ? {} : { zone: zone.trim() }) };
    await ask("POST", "/learn/proposals", body).then(
      (data) => setState({ data, problem: null }),
      (problem) => setState({ data: null, problem }),
    );
  }, [region, zone]);
  useEffect(() => void load(), [region]);
  useEvents(
    "job",
    (told) => {
      if (told.id !== job?.id) return;
      setJob(told);
      if (told.state !== "running") void load();
    },
    [job?.id, load],
  );
  const begin = async (confirmed) => {
    const begun = await ask("POST", "/learn", { region, ...confirmed });
    setJob(begun);
    const now = await ask("GET", `/jobs/${begun.id}`);
    setJob((known) => (known.done > now.done ? known : now));
    if (now.state !== "running") await load();
  };
  const { data, problem } = state;
  if (problem) return html`<${ProblemNote} problem=${problem} retry=${load} />`;
  if (data === null) return html`<p class="loading" role="status">Loading</p>`;
  const isRunning = job?.state === "running";
  return html`<div class="stack">
    <div class="row">
      <${TextField}
        label="Zone of times that have none"
        placeholder="as the arrivals show"
        value=${zone}
        onInput=${setZone}
      />
      <${Button} onClick=${load}>Look again<//>
    </div>
    ${
      data.writes === null &&
      html`<${Note} state="info" title="The console writes no mapping file here">
        <p>
          Confirm with <code>npx skerry learn --region ${region}</code>, or start the console with
          SKERRY_LEARNED_MAPPINGS.
        </p>
      <//>`
    }
    ${job && html`<${Progress} job=${job} />`}
    ${
      data.handled.length > 0 &&
      html`<${Note}
        state="info"
        title=${`${plural(data.handled.length, "reject")} have a mapping by now`}
      >
        <${Button}
          disabled=${isRunning}
          onClick=${() => begin({ entries: [], contracts: [], ignore: [], seqs: data.handled })}
          >Admit them again<//
        >
      <//>`
    }
    ${
      data.proposals.length === 0 &&
      html`<${Empty} title="Nothing to ask"
        >No kept reject of ${region} is without a
        mapping${data.ignored > 0 ? `; ${plural(data.ignored, "reject")} are ignored on purpose` : ""}.<//
      >`
    }
    ${data.proposals.map(
      (proposal) =>
        html`<${Question}
          key=${proposal.seqs[0]}
          proposal=${proposal}
          disabled=${isRunning || data.writes === null}
          begin=${begin}
        />`,
    )}
  </div>`;
}

const CHIPS = {
  map: ["info", "readings"],
  ignore: ["idle", "nothing to store"],
  none: ["warn", "unknown"],
};

function Question({ proposal, disabled, begin }) {
  const [problem, setProblem] = useState(null);
  const { kind, template, from, device, notes, entries, contracts, seqs, refused, rows } = proposal;
  const [state, word] = CHIPS[kind];
  const confirm = async (confirmed) => {
    setProblem(null);
    try {
      await begin(confirmed);
    } catch (error) {
      setProblem(error);
    }
  };
  const take = () => confirm({ entries, contracts, ignore: [], seqs });
  const ignore = () =>
    confirm({
      ...{ entries: [], contracts: [], seqs: [] },
      ignore: kind === "ignore" ? proposal.ignore : proposal.topics,
    });
  return html`<${Panel} title=${template} note=${plural(seqs.length, "message")}>
    <div class="stack">
      <p class="row">
        <${Chip} state=${state}>${word}<//>
        ${kind === "map" && refused > 0 && html`<${Chip} state="warn">${plural(refused, "message")} still refused<//>`}
      </p>
      <${Facts}
        rows=${[
          ["Device", device !== "" && html`<code>${device}</code>`],
          ["Table", from !== null && `${from}, which ships`],
          ["Contract", contractsText(entries, contracts)],
          ["Ignored", kind === "ignore" && html`<code>${proposal.ignore.join(", ")}</code>`],
        ]}
      />
      ${notes.map((note) => html`<p class="muted small" key=${note}>${note}</p>`)}
      ${kind === "map" && html`<${Rows} rows=${rows} label=${`What messages of ${template} would become`} />`}
      ${
        kind === "map" &&
        html`<details>
          <summary>Mapping and contracts</summary>
          <${Code} text=${JSON.stringify({ mappings: entries, contracts }, null, 2)} />
        </details>`
      }
      ${problem && html`<${ProblemNote} problem=${problem} />`}
      <div class="row">
        ${
          kind === "map" &&
          html`<${Button} kind="primary" disabled=${disabled} onClick=${take}>Take and replay<//>`
        }
        <${Button}
          kind=${kind === "map" ? undefined : "primary"}
          disabled=${disabled}
          onClick=${ignore}
          >Ignore<//
        >
      </div>
    </div>
  <//>`;
}

/** Names of contracts; those that would be published say so. */
function contractsText(entries, contracts) {
  const fresh = new Set(contracts.map(({ name }) => name));
  const names = [...new Set(entries.map(({ contract }) => contract))];
  return names.map((name) => (fresh.has(name) ? `${name} (new)` : name)).join(", ") || false;
}

/** A row for each reading, and for what is refused. */
function Rows({ rows, label }) {
  const lines = rows.flatMap(({ topic, payload, readings, refused }, at) => [
    ...readings.map((one, place) => ({ key: `${at} ${place}`, topic, payload, one })),
    ...refused.map((why, place) => ({ key: `${at} r${place}`, topic, payload, why })),
  ]);
  return html`<${Table}
    cards
    label=${label}
    columns=${COLUMNS}
    rows=${lines}
    keyOf=${({ key }) => key}
  />`;
}

const valuesText = (values) =>
  Object.entries(values)
    .filter(([name]) => name !== "ts")
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

const COLUMNS = [
  {
    key: "topic",
    label: "Message",
    cell: ({ topic, payload }) =>
      html`<code>${topic}</code>
        <div class="muted small"><code>${payload.slice(0, 60)}</code></div>`,
  },
  {
    key: "device",
    label: "Device",
    cell: ({ one }) =>
      one ? html`<code>${one.device}</code>` : html`<${Chip} state="warn">refused<//>`,
  },
  {
    key: "contract",
    label: "Contract",
    cell: ({ one }) => (one ? `${one.contract} v${one.version}` : ""),
  },
  {
    key: "values",
    label: "Fields",
    cell: ({ one, why }) => (one ? valuesText(one.values) : why),
  },
];
