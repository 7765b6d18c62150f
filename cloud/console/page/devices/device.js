// The page of one device.
import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { Age, Facts, Time, Value } from "../kit/number.js";
import { UNKNOWN, duration, valueText } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Sparkline } from "../kit/sparkline.js";
import { Table } from "../kit/table.js";
import { useEvents } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { DeviceChanges } from "./changes.js";
import { PresenceChip, RecordChip } from "./parts.js";
import { fieldsOf, heardOf, useLiveReadings } from "./readings.js";

const ASKED_AGAIN_MS = 30_000;

const EVENT_WORDS = {
  connect_refused: ["bad", "connection refused"],
  connected: ["ok", "connected"],
  connection_closed: ["idle", "connection closed"],
  reject: ["warn", "message refused, kept"],
  slow_consumer: ["warn", "does not read fast enough"],
  session_queue: ["info", "messages wait for it"],
  slowed_down: ["warn", "sends faster than the log takes"],
};

/** Its clients as the last events tell: each with its address and whether it is connected. */
function clientsOf(events) {
  const clients = new Map();
  for (const event of events) {
    const isDoor = event.kind === "connected" || event.kind === "connection_closed";
    if (isDoor && event.clientId && !clients.has(event.clientId))
      clients.set(event.clientId, event);
  }
  return [...clients.values()];
}

/** The difference of the device's clock from its gateway's, as far as it is known. */
function skewText({ skewMs }) {
  if (typeof skewMs !== "number") return null;
  if (skewMs === 0) return "right to about 2 s";
  return skewMs > 0 ? `${duration(skewMs)} behind` : `${duration(-skewMs)} ahead`;
}

function Summary({ device, heard, events }) {
  const { registered, id } = device;
  const clients = clientsOf(events);
  const reading = heard?.readings[0];
  const rows = [
    ["Record", html`<${RecordChip} registered=${registered} />`],
    ["Registered", registered && html`<${Time} atMs=${registered.createdAtMs} />`],
    ["Revoked", registered?.revokedAtMs && html`<${Time} atMs=${registered.revokedAtMs} />`],
    ["Logs in by", registered && registered.credentials.join(", ")],
    ["Topics of its own", registered?.topics?.length > 0 && registered.topics.join(", ")],
    ["Relays to", registered?.relay?.publish?.join(", ")],
    ["Hears", registered?.relay?.subscribe?.join(", ")],
    ["Speaks for", registered?.speaksFor?.join(", ")],
    ["Presence", html`<${PresenceChip} heard=${heard} clients=${clients} />`],
    ["Heard", heard && html`<${Age} atMs=${heard.lastMs} /> in ${heard.region}`],
    ["On its way", reading && duration(Math.max(0, reading.receivedMs - reading.tsMs))],
    ["Clock", heard && (skewText(device) ?? html`<span class="muted">skew ${UNKNOWN}</span>`)],
    [
      "Clients",
      clients.length > 0 &&
        clients.map(
          ({ clientId, address, kind, atMs, reason }) =>
            html`<div key=${clientId}>
              <code>${clientId}</code> from ${address ?? "an unknown address"},${" "}
              ${kind === "connected" ? "connected" : `gone (${reason})`}${" "}
              <${Age} atMs=${atMs} />
            </div>`,
        ),
    ],
  ];
  return html`<${Panel} title="What it is">
    <${Facts} rows=${rows} />
    <div class="row links">
      <a href=${urlOf(["rejects"], { device: id })}>Rejects</a>
      <a href=${urlOf(["explore"], { device: id })}>Explore</a>
      <a href=${urlOf(["topics"], { prefix: reading?.topic ?? `devices/${id}/` })}>Topics</a>
      <a href=${urlOf(["activity"], { device: id })}>Activity</a>
      <a href=${urlOf(["traces"], { device: id })}>Traces</a>
    </div>
  <//>`;
}

function Contract({ reading, sparklines, units }) {
  const { contract, version, receivedMs, topic, mapping } = reading;
  const own = (list, name) => list.find((one) => one.contract === contract && one.field === name);
  const columns = [
    { key: "field", label: "Field", cell: ([name]) => name },
    {
      ...{ key: "value", label: "Value", number: true },
      cell: ([name, value]) =>
        html`<${Value} value=${valueText(value)} unit=${own(units, name)?.unit} />`,
    },
    {
      ...{ key: "hour", label: "Last hour" },
      cell: ([name]) => {
        const points = own(sparklines, name)?.points;
        return points
          ? html`<${Sparkline}
              width=${150}
              values=${points.map(({ mean }) => mean)}
              label=${`${name} in the last hour, a mean for each minute`}
            />`
          : "";
      },
    },
  ];
  return html`<${Panel}
    flush
    title=${`${contract} v${version}`}
    note=${html`<${Age} atMs=${receivedMs} />, on <code>${topic ?? "an unknown topic"}</code>${
        mapping && `, by mapping ${mapping}`
      }`}
    actions=${html`<${LinkButton} size="small" href=${urlOf(["contracts", contract])}>Contract<//>`}
  >
    <${Table}
      label=${`Last values under ${contract}`}
      columns=${columns}
      rows=${fieldsOf(reading)}
      keyOf=${([name]) => name}
    />
  <//>`;
}

const EVENT_COLUMNS = [
  { key: "at", label: "When", cell: ({ atMs }) => html`<${Time} atMs=${atMs} />` },
  {
    ...{ key: "kind", label: "What" },
    cell: ({ kind }) => {
      const [state, words] = EVENT_WORDS[kind] ?? ["idle", kind];
      return html`<${Chip} state=${state}>${words}<//>`;
    },
  },
  { key: "reason", label: "Reason", cell: ({ reason }) => reason },
  { key: "detail", label: "What exactly", cell: ({ detail }) => detail },
  { key: "client", label: "Client", cell: ({ clientId }) => clientId ?? "" },
  { key: "address", label: "Address", cell: ({ address }) => address ?? "" },
];

function Known({ data, reload }) {
  const { device, units, events, sparklines } = data;
  const live = useLiveReadings([device.id]);
  useEvents(
    "event",
    (event) => void ((event.device === device.id || event.clientId === device.id) && reload()),
    [device.id, reload],
  );
  const heard = heardOf(device, live);
  return html`<${PageHead}
      title=${device.id}
      crumb=${{ href: "/devices", text: "Devices" }}
      actions=${html`<${ForOperators}><${DeviceChanges} device=${device} changed=${reload} /><//>`}
    />
    <div class="stack">
      <div class="columns">
        <${Summary} device=${device} heard=${heard} events=${events} />
        <div class="stack">
          ${
            heard
              ? heard.readings.map(
                  (reading) =>
                    html`<${Contract}
                      key=${reading.contract}
                      ...${{ reading, sparklines, units }}
                    />`,
                )
              : html`<${Panel}
                  ><${Empty}
                    title="Nothing was heard of it yet"
                    action=${{
                      href: urlOf(["connect"], { name: device.id }),
                      text: "Lines to connect it",
                    }}
                    >Its values show here with its first message.<//
                  ><//
                >`
          }
        </div>
      </div>
      <${Panel} flush title="Its last events" note="since the console started">
        <${Table}
          cards
          label="Events"
          columns=${EVENT_COLUMNS}
          rows=${events}
          keyOf=${({ atMs, kind, clientId }) => `${atMs} ${kind} ${clientId}`}
          empty=${html`<p class="loading">None.</p>`}
        />
      <//>
    </div>`;
}

export function DevicePage({ id }) {
  const asked = useAsk(urlOf(["devices", id]), { everyMs: ASKED_AGAIN_MS });
  const { reload } = asked;
  // Whoever opens it right after the first message is here before the console has heard of that.
  useEvents("device", (news) => void (news.device === id && reload()), [id, reload]);
  if (asked.problem?.status === 404)
    return html`<${Empty}
      heading
      title=${`No device is called ${id}`}
      action=${{ href: urlOf(["connect"], { name: id }), text: "Connect it" }}
      >It is not registered, and nothing was heard of it since the console started.<//
    >`;
  return html`<${Answer} of=${asked}
    >${(data) => html`<${Known} data=${data} reload=${reload} />`}<//
  >`;
}
