import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Empty } from "../kit/empty.js";
import { SelectField, SearchField } from "../kit/form.js";
import { Age } from "../kit/number.js";
import { count, plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Sparkline } from "../kit/sparkline.js";
import { Table } from "../kit/table.js";
import { useEvents, useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { PresenceChip, RecordChip, ValuesLine } from "./parts.js";
import { PRESENCE, heardOf, useLiveReadings } from "./readings.js";
import { useUnits } from "./units.js";

const ROWS = 50;
const ASKED_AGAIN_MS = 10_000;

const shownReading = (heard) => heard?.readings.find(({ contract }) => contract !== PRESENCE);

const columnsOf = (live, unitOf) => {
  const heardBy = (device) => heardOf(device, live);
  return [
    {
      ...{ key: "id", label: "Device" },
      cell: ({ id }) => html`<a href=${urlOf(["devices", id])}>${id}</a>`,
    },
    {
      ...{ key: "presence", label: "Presence" },
      cell: (device) => html`<${PresenceChip} heard=${heardBy(device)} />`,
    },
    {
      ...{ key: "values", label: "Last values" },
      cell: (device) => {
        const reading = shownReading(heardBy(device));
        return reading ? html`<${ValuesLine} reading=${reading} unitOf=${unitOf} />` : "none";
      },
    },
    {
      ...{ key: "trail", label: "Lately" },
      cell: (device) => {
        const trail = heardBy(device)?.trail ?? [];
        return trail.length < 2
          ? ""
          : html`<${Sparkline} values=${trail} label=${`The last values of ${device.id}`} />`;
      },
    },
    {
      ...{ key: "age", label: "Heard", number: true, sort: (device) => heardBy(device)?.lastMs },
      cell: (device) => html`<${Age} atMs=${heardBy(device)?.lastMs} />`,
    },
    {
      ...{ key: "contract", label: "Contract" },
      cell: (device) => {
        const reading = shownReading(heardBy(device));
        return reading
          ? html`<a class="one-line" href=${urlOf(["contracts", reading.contract])}
              >${reading.contract} v${reading.version}</a
            >`
          : "";
      },
    },
    { key: "region", label: "Region", cell: (device) => heardBy(device)?.region ?? "" },
    {
      ...{ key: "record", label: "Record" },
      cell: (device) => html`<${RecordChip} registered=${device.registered} />`,
    },
  ];
};

function Found({ data: { devices, next, counts }, query, reload }) {
  const live = useLiveReadings(devices.map(({ id }) => id));
  const unitOf = useUnits();
  useEvents("device", reload, [reload]);
  const isAll = !query.search && !query.region && !query.after;
  const empty = isAll
    ? html`<${Empty} title="No device yet" action=${{ href: "/connect", text: "Connect a device" }}
        >None is registered, and none was heard.<//
      >`
    : html`<${Empty}
        title="No device is like that"
        action=${{ href: "/devices", text: "All devices" }}
        >No id has these
        letters${query.region ? ` among the devices last heard in ${query.region}` : ""}.<//
      >`;
  return html`<${Panel}
    flush
    title=${plural(devices.length, "device")}
    note=${`${count(counts.registered)} registered, ${count(counts.heard)} heard since the console started`}
    actions=${html`${
      query.after &&
      html`<${LinkButton} size="small" href=${urlOf(["devices"], { ...query, after: null })}
        >First<//
      >`
    }${
      next &&
      html`<${LinkButton} size="small" href=${urlOf(["devices"], { ...query, after: next })}
        >Next<//
      >`
    }`}
  >
    <${Table}
      cards
      label="Devices"
      columns=${columnsOf(live, unitOf)}
      rows=${devices}
      keyOf=${({ id }) => id}
      empty=${empty}
    />
  <//>`;
}

export function DeviceList({ query }) {
  const [search, setSearch] = useState(query.search ?? "");
  const settled = useSettled(search);
  const regions = useOverview()?.regions.map(({ region }) => region) ?? [];
  useEffect(() => {
    if (settled !== (query.search ?? "")) setQuery({ search: settled, after: null });
  }, [settled]);
  const asked = urlOf(["devices"], { ...query, limit: ROWS });
  const found = useAsk(asked, { everyMs: ASKED_AGAIN_MS });
  return html`<${PageHead}
      title="Devices"
      actions=${html`<${ForOperators}>
        <${LinkButton} kind="primary" href="/connect">Connect a device<//>
      <//>`}
    />
    <div class="toolbar" role="search">
      <${SearchField} placeholder="part of an id" value=${search} onInput=${setSearch} />
      <${SelectField}
        label="Last heard in"
        value=${query.region ?? ""}
        onChange=${(region) => setQuery({ region, after: null })}
        options=${[
          { value: "", text: "any region" },
          ...regions.map((region) => ({ value: region, text: region })),
        ]}
      />
    </div>
    <${Answer} of=${found}
      >${(data) => html`<${Found} data=${data} query=${query} reload=${found.reload} />`}<//
    >`;
}
