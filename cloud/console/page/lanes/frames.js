// The frames of a lane, and one frame with its readings.
import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Code } from "../kit/code.js";
import { Empty } from "../kit/empty.js";
import { Facts, Time } from "../kit/number.js";
import { count, plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { urlOf } from "../shell/url.js";

const FRAMES = 25;

function Remark({ frame: { isRepeated, problem, hole } }) {
  if (problem) return html`<${Chip} state="bad">${problem}<//>`;
  if (hole) return html`<${Chip} state="bad">frames are missing before it<//>`;
  return isRepeated ? html`<${Chip}>repeat<//>` : "";
}

const DEVICES_SHOWN = 3;

function Devices({ readings }) {
  const ids = [...new Set(readings.map(({ device }) => device))];
  return html`${ids
    .slice(0, DEVICES_SHOWN)
    .map(
      (id, at) =>
        html`<span key=${id}
          >${at > 0 ? ", " : ""}<a href=${urlOf(["devices", id])}>${id}</a></span
        >`,
    )}${ids.length > DEVICES_SHOWN ? ` and ${ids.length - DEVICES_SHOWN} more` : ""}`;
}

const columnsOf = (region, partition) => [
  {
    ...{ key: "seq", label: "Frame" },
    cell: ({ seq }) =>
      html`<a href=${urlOf(["lanes", region, partition, String(seq)])}>${count(seq)}</a>`,
  },
  { key: "stored", label: "Stored", cell: ({ storeMs }) => html`<${Time} atMs=${storeMs} />` },
  { key: "gateway", label: "Gateway", cell: ({ header }) => header?.gateway ?? "" },
  {
    ...{ key: "count", label: "Readings", number: true },
    cell: ({ header, readings }) => count(header?.count ?? readings.length),
  },
  {
    ...{ key: "total", label: "Running total", number: true },
    cell: ({ header }) => (header ? count(header.total) : ""),
  },
  {
    ...{ key: "devices", label: "Devices" },
    cell: ({ readings }) => html`<${Devices} readings=${readings} />`,
  },
  { key: "remark", label: "Remark", cell: (frame) => html`<${Remark} frame=${frame} />` },
];

export function LaneFrames({ region, partition, query }) {
  const from = query.from;
  const asked = useAsk(urlOf(["lanes", region, partition, "frames"], { from, limit: FRAMES }));
  return html`<${PageHead}
      title=${`Lane ${region}/${partition}`}
      crumb=${{ href: urlOf(["lanes"], { region }), text: `Lanes of ${region}` }}
    />
    <${Answer} of=${asked}
      >${({ frames, firstSeq, lastSeq }) => {
        const at = (seq) => urlOf(["lanes", region, partition], { from: seq });
        const first = frames[0]?.seq ?? firstSeq;
        const last = frames.at(-1)?.seq ?? lastSeq;
        return html`<${Panel}
          flush
          title=${from === undefined ? "Its newest frames" : `Frames from ${count(Number(from))}`}
          note=${`the hub has ${count(firstSeq)} to ${count(lastSeq)}, of all lanes`}
          actions=${html`
            ${first > firstSeq && html`<${LinkButton} size="small" href=${at(Math.max(firstSeq, first - 4 * FRAMES))}>Earlier<//>`}
            ${from !== undefined && last < lastSeq && html`<${LinkButton} size="small" href=${at(last + 1)}>Later<//>`}
            ${from !== undefined && html`<${LinkButton} size="small" href=${at(null)}>Newest<//>`}
          `}
        >
          <${Table}
            label=${`Frames of lane ${region}/${partition}`}
            columns=${columnsOf(region, partition)}
            rows=${frames}
            keyOf=${({ seq }) => seq}
            empty=${html`<${Empty} title="No frame here">The lane holds none from there on.<//>`}
          />
        <//>`;
      }}<//
    >`;
}

const READING_COLUMNS = [
  {
    ...{ key: "device", label: "Device" },
    cell: ({ device }) => html`<a href=${urlOf(["devices", device])}>${device}</a>`,
  },
  {
    ...{ key: "contract", label: "Contract" },
    cell: ({ contract, version }) =>
      html`<a class="one-line" href=${urlOf(["contracts", contract])}>${contract} v${version}</a>`,
  },
  {
    ...{ key: "received", label: "Received" },
    cell: ({ receivedAtMs }) => html`<${Time} atMs=${receivedAtMs} />`,
  },
  {
    ...{ key: "trace", label: "Trace" },
    cell: ({ traceparent }) => {
      const id = traceparent?.split("-")[1];
      return id ? html`<a href=${urlOf(["traces", id])}>trace</a>` : "";
    },
  },
  {
    ...{ key: "payload", label: "Values" },
    cell: ({ payload }) => html`<code>${JSON.stringify(payload)}</code>`,
  },
];

function Frame({ frame, region, partition }) {
  const { seq, storeMs, header, readings, hole, problem } = frame;
  return html`<div class="stack">
    <${Panel} title="Its header">
      <${Facts}
        rows=${[
          ["Stored", html`<${Time} atMs=${storeMs} />`],
          ["Gateway", header?.gateway],
          ["Start of the gateway", header?.epoch],
          ["Number since then", header && count(header.n)],
          ["Readings", header && count(header.count)],
          ["Running total", header && count(header.total)],
          ["Gateway's clock", header && html`<${Time} atMs=${header.clockMs} />`],
          ["Remark", (frame.isRepeated || problem || hole) && html`<${Remark} frame=${frame} />`],
          ["Missing before it", hole && html`<code>${JSON.stringify(hole)}</code>`],
        ]}
      />
      <div class="row links">
        <a href=${urlOf(["lanes", region, partition], { from: seq + 1 })}>Frames after it</a>
      </div>
    <//>
    <${Panel} flush title=${plural(readings.length, "reading")}>
      <${Table}
        label="Readings"
        columns=${READING_COLUMNS}
        rows=${readings}
        keyOf=${(reading) => readings.indexOf(reading)}
        empty=${html`<${Code} text=${problem ?? "It holds no reading."} label="Problem" noCopy />`}
      />
    <//>
  </div>`;
}

export function OneFrame({ region, partition, seq }) {
  const asked = useAsk(urlOf(["lanes", region, partition, "frames", seq]));
  return html`<${PageHead}
      title=${`Frame ${count(Number(seq))}`}
      crumb=${{ href: urlOf(["lanes", region, partition]), text: `Lane ${region}/${partition}` }}
    />
    <${Answer} of=${asked}>${(frame) => html`<${Frame} ...${{ frame, region, partition }} />`}<//>`;
}
