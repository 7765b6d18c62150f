// The ledger and its proofs: regions, their contracts, their lanes, and where a balance does not come out.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { Age, Figure, Figures } from "../kit/number.js";
import { count, duration } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import {
  LedgerTable,
  ledgerColumns,
  sumOf,
  waitingOf,
  waitingWords,
} from "../home/ledger-table.js";
import { NamedDifferences } from "../ledger/named.js";
import { OpenBalances } from "../ledger/open-balances.js";
import { Unheard } from "../ledger/unheard.js";
import { useOverview } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";

/** Readings of which nobody can say the contract. */
const UNKNOWN_CONTRACT = "?";
const contractText = (name) => (name === UNKNOWN_CONTRACT ? "not known" : name);

const laneHref = ({ region, partition }) => urlOf(["lanes", region, String(partition)]);

const LANE_FIRST = {
  ...{ key: "lane", label: "Lane" },
  cell: (row) => html`<a href=${laneHref(row)}>${row.region}/${row.partition}</a>`,
};

function Lanes({ lanes, atMs }) {
  return html`<${Panel}
    flush
    title="By lane"
    note="all contracts together; a lane's number leads to its frames"
  >
    <${Table}
      cards
      label="Ledger by lane"
      columns=${ledgerColumns(LANE_FIRST, laneHref, atMs)}
      rows=${lanes}
      keyOf=${({ region, partition }) => `${region}/${partition}`}
    />
  <//>`;
}

function Contracts({ region, rows, atMs }) {
  const href = ({ contract }) => urlOf(["ledger", region, contract]);
  const first = {
    ...{ key: "contract", label: "Contract" },
    cell: (row) => html`<a href=${href(row)}>${contractText(row.contract)}</a>`,
  };
  return html`<${Panel} flush title="By contract">
    <${Table}
      cards
      label=${`Ledger of ${region} by contract`}
      columns=${ledgerColumns(first, href, atMs)}
      rows=${rows}
      keyOf=${({ contract }) => contract}
    />
  <//>`;
}

/** Each term with what it means and where it can be looked into. */
const TERMS = [
  [
    "stored",
    "Stored",
    "The store has acknowledged them.",
    ({ contract }) => urlOf(["explore"], { contract }),
  ],
  ["repeats", "Known repeats", "A device sent them again; the first is stored.", null],
  [
    "refused",
    "Refused, kept",
    "They broke their contract, and are kept with the reason.",
    ({ region, contract }) => urlOf(["rejects"], { region, contract }),
  ],
  ["setAside", "Set aside", "Frames that could not be handled, kept whole for an operator.", null],
  [
    "lost",
    "Lost, named",
    "Their frames are gone and known by name, or they were looked for and acknowledged as missing.",
    ({ region }) => urlOf(["lanes"], { region }),
  ],
];

function Terms({ row, atMs }) {
  return html`<${Panel} title=${`${count(row.acknowledged)} acknowledged readings`}>
    <${Figures}>
      ${TERMS.map(
        ([key, label, note, href]) =>
          html`<${Figure}
            key=${key}
            label=${label}
            value=${count(row[key])}
            note=${note}
            href=${href?.(row)}
            state=${key === "lost" && row.lost > 0 ? "bad" : undefined}
          />`,
      )}
      <${Figure}
        label="Waiting"
        value=${count(waitingOf(row))}
        note=${html`${waitingWords(row)}${row.oldestMs !== null && `, oldest ${duration(Math.max(0, atMs - row.oldestMs))}`}`}
        href=${urlOf(["lanes"], { region: row.region })}
      />
      <${Figure}
        label="Open"
        value=${count(row.open)}
        state=${row.open === 0 ? "ok" : "bad"}
        note=${row.open === 0 ? "the terms add up" : "the terms do not add up"}
      />
    <//>
  <//>`;
}

function Region({ ledger, atMs, region, contract }) {
  const rows = ledger.rows.filter((row) => row.region === region);
  const lanes = ledger.lanes?.filter((lane) => lane.region === region) ?? [];
  const open = ledger.open.filter((one) => one.region === region);
  const named = (ledger.named ?? []).filter((one) => one.region === region);
  const heardMs = ledger.heardMs?.[region];
  const row = rows.find((one) => one.contract === contract);
  const title = contract
    ? `Ledger of ${contractText(contract)} in ${region}`
    : `Ledger of ${region}`;
  const crumb = contract
    ? { href: urlOf(["ledger", region]), text: `Ledger of ${region}` }
    : { href: "/ledger", text: "Ledger" };
  return html`<${PageHead}
      title=${title}
      crumb=${crumb}
      actions=${html`<${Chip}>heard <${Age} atMs=${heardMs} /><//>`}
    />
    <div class="stack">
      <${OpenBalances} open=${open} />
      <${Unheard} heardMs=${{ [region]: heardMs ?? null }} atMs=${atMs} />
      ${
        contract
          ? row
            ? html`<${Terms} ...${{ row, atMs }} />`
            : html`<${Empty} title="No reading of it" action=${crumb}
                >${region} has acknowledged no reading of ${contractText(contract)}.<//
              >`
          : rows.length > 0 &&
            html`<${Terms} row=${{ region, contract: null, ...sumOf(rows) }} atMs=${atMs} />
              <${Contracts} ...${{ region, rows, atMs }} />`
      }
      ${lanes.length > 0 && html`<${Lanes} ...${{ lanes, atMs }} />`}
      <${NamedDifferences} named=${named} />
    </div>`;
}

export function Page({ path: [region, contract] }) {
  const { ledger, atMs } = useOverview() ?? {};
  if (!ledger)
    return html`<${PageHead} title="Ledger" />
      <p class="loading" role="status">The ledger is not known yet.</p>`;
  if (region) return html`<${Region} ...${{ ledger, atMs, region, contract }} />`;
  return html`<${PageHead} title="Ledger">
      What became of every reading that was acknowledged. Each term comes from the side that knows
      it; what does not add up for a minute raises the alert ledger_open.
    <//>
    <div class="stack">
      <${OpenBalances} open=${ledger.open} />
      <${Unheard} heardMs=${ledger.heardMs} atMs=${atMs} />
      <${Panel} flush title="By region"><${LedgerTable} ...${{ ledger, atMs }} /><//>
      ${ledger.lanes && html`<${Lanes} lanes=${ledger.lanes} atMs=${atMs} />`}
      <${NamedDifferences} named=${ledger.named} />
    </div>`;
}
