// Home: one sentence that is the verdict, and under it what it is made of, each number a link to its proof.
import { html } from "/lib/htm.js";
import { Empty } from "../kit/empty.js";
import { Figure, Figures } from "../kit/number.js";
import { ago, count, duration, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Firing, useFires } from "../home/firing.js";
import { LatencyBars } from "../home/latency-bars.js";
import { LedgerTable, sumOf, waitingOf, waitingWords } from "../home/ledger-table.js";
import { Picture } from "../home/picture.js";
import { Verdict } from "../home/verdict.js";
import { useOverview } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";

function freshnessOf({ regions }) {
  const ages = regions.map(({ freshnessMs }) => freshnessMs);
  return ages.length === 0 || ages.some((age) => typeof age !== "number")
    ? null
    : Math.max(...ages);
}

function Summary({ overview, fires }) {
  const { ledger, regions } = overview;
  const sum = ledger && sumOf(ledger.rows);
  const freshness = freshnessOf(overview);
  const oldest = regions.toSorted((a, b) => (b.freshnessMs ?? 0) - (a.freshnessMs ?? 0))[0];
  const waiting = sum && waitingOf(sum);
  const cutOff = regions.filter(({ link }) => link?.up === false).map(({ region }) => region);
  return html`<${Panel}>
    <${Figures}>
      <${Figure}
        label="Stored is at most"
        value=${freshness === null ? null : duration(freshness)}
        unit=${freshness === null ? undefined : "old"}
        state=${freshness > 60_000 ? "warn" : undefined}
        note=${freshness !== null && regions.length > 1 && `oldest: ${oldest.region}`}
        href=${urlOf(["latency"], { region: oldest?.region })}
      />
      <${Figure}
        label="Acknowledged"
        value=${sum && count(sum.acknowledged)}
        note="readings, ever"
        href="/ledger"
      />
      <${Figure}
        label="Waiting"
        value=${sum && count(waiting)}
        note=${sum && (cutOff.length > 0 ? `${waitingWords(sum)}; in ${cutOff.join(", ")} more` : waitingWords(sum))}
        href="/ledger"
      />
      <${Figure}
        label="Refused, kept"
        value=${sum && count(sum.refused)}
        note="to mend and replay"
        href="/rejects"
      />
      <${Figure}
        label="Lost"
        value=${sum && count(sum.lost)}
        state=${sum && sum.lost > 0 ? "bad" : undefined}
        note=${sum && (sum.lost > 0 ? "each by name" : "nothing")}
        href="/ledger"
      />
      <${Figure}
        label="Alerts firing"
        value=${fires.all === null ? null : count(fires.all)}
        state=${fires.all > 0 ? "warn" : undefined}
        note=${fires.platform !== null && `${count(fires.platform)} of the platform, ${count(fires.devices)} of devices`}
        href="#fires"
      />
    <//>
  <//>`;
}

function Latency({ overview }) {
  const { regions, atMs } = overview;
  const leftOut = regions.some(({ behindOutage }) => behindOutage > 0)
    ? "; without what waited behind an outage of the WAN"
    : "";
  return html`<${Panel}
    title="Latency by hop"
    note=${`half of the readings, and 99 of 100; clock skew taken out${leftOut}`}
  >
    <div class="stack">
      ${regions.map(
        ({ region, latency, canary }) =>
          html`<div key=${region}>
            <div class="row">
              <h3>${region}</h3>
              ${
                canary?.storedMs &&
                html`<span class="muted small">canary stored ${ago(canary.storedMs, atMs)}</span>`
              }
            </div>
            <${LatencyBars} ...${{ region, latency, atMs }} />
          </div>`,
      )}
    </div>
  <//>`;
}

function Processes({ processes }) {
  if (!processes) return null;
  const silent = processes.filter(({ silentMs }) => silentMs > 5_000).length;
  const heard = `${plural(processes.length - silent, "process", "processes")} heard`;
  const text = silent > 0 ? `${heard}, ${silent} silent` : heard;
  return html`<a href="/activity">${text}</a>`;
}

export function Page() {
  const overview = useOverview();
  if (overview === null)
    return html`<${Verdict} overview=${null} />
      <p class="loading" role="status">The console gathers facts once a second.</p>`;
  return html`<${Home} overview=${overview} />`;
}

function Home({ overview }) {
  const fires = useFires(overview);
  const hasReadings = !overview.ledger || overview.ledger.rows.length > 0;
  return html`<div class="stack">
    <${Verdict} overview=${overview} />
    <${Panel}
      title="From the devices to the store"
      note=${html`<${Processes} processes=${overview.processes} />`}
    >
      <${Picture} overview=${overview} />
    <//>
    <${Summary} ...${{ overview, fires }} />
    <${Panel}
      flush
      title="Ledger"
      note="acknowledged = stored + repeats + refused + waiting + set aside + lost"
    >
      ${
        !overview.ledger
          ? html`<p class="loading">The ledger is not known yet.</p>`
          : hasReadings
            ? html`<${LedgerTable} ledger=${overview.ledger} atMs=${overview.atMs} />`
            : html`<${Empty}
                title="No reading was acknowledged yet"
                action=${{ href: "/connect", text: "Connect a device" }}
                >Its first message shows here within a second.<//
              >`
      }
    <//>
    <div class="columns">
      <${Latency} overview=${overview} />
      <${Panel} title="What fires"><${Firing} fires=${fires} /><//>
    </div>
  </div>`;
}
