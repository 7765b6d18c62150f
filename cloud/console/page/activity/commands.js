import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { TextField } from "../kit/form.js";
import { useNow } from "../kit/now.js";
import { Age } from "../kit/number.js";
import { plural, valueText } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";

const EVERY_MS = 5_000;
const CHARS_SHOWN = 120;

/** A command without an answer waits for its device until it expires. */
const stateOf = ({ reply, expiresAtMs }, nowMs) => {
  if (reply !== null) return ["ok", "answered"];
  return expiresAtMs <= nowMs ? ["warn", "expired"] : ["info", "waits for its device"];
};

const short = (value) => {
  const text = valueText(value);
  return text.length > CHARS_SHOWN ? `${text.slice(0, CHARS_SHOWN)}…` : text;
};

export function Commands({ query: { device = "" } }) {
  const settled = useSettled(device);
  const answer = useAsk(urlOf(["commands"], { device: settled, limit: 100 }), {
    everyMs: EVERY_MS,
  });
  return html`
    <div class="toolbar">
      <${TextField}
        label="Device"
        value=${device}
        placeholder="any"
        onInput=${(text) => setQuery({ device: text.trim() })}
      />
    </div>
    <${Answer} of=${answer}>${({ commands }) => html`<${Listed} commands=${commands} />`}<//>
  `;
}

function Listed({ commands }) {
  const nowMs = useNow();
  const columns = [
    {
      key: "device",
      label: "Device",
      cell: ({ device }) => html`<a href=${urlOf(["devices", device])}><code>${device}</code></a>`,
      sort: ({ device }) => device,
    },
    {
      key: "state",
      label: "State",
      cell: (command) => {
        const [state, text] = stateOf(command, nowMs);
        return html`<${Chip} state=${state}>${text}<//>`;
      },
    },
    {
      key: "payload",
      label: "Command",
      cell: ({ payload }) => html`<code>${short(payload)}</code>`,
    },
    {
      key: "reply",
      label: "Answer",
      cell: ({ reply }) => reply && html`<code>${short(reply.payload)}</code>`,
    },
    {
      key: "issued",
      label: "Issued",
      cell: ({ issuedAtMs }) => html`<${Age} atMs=${issuedAtMs} />`,
    },
    {
      key: "expires",
      label: "Expires",
      cell: ({ expiresAtMs }) => html`<${Age} atMs=${expiresAtMs} />`,
    },
    { key: "by", label: "By", cell: ({ by }) => by },
    { key: "id", label: "Id", cell: ({ id }) => html`<code>${id}</code>` },
  ];
  return html`<${Panel} flush>
    <${Table}
      cards
      label=${plural(commands.length, "command")}
      columns=${columns}
      rows=${commands}
      keyOf=${({ device, id }) => `${device} ${id}`}
      empty=${html`<${Empty}
        title="No command was issued"
        action=${{ href: "/rules", text: "See the rules" }}
      >
        A rule may send one when it fires, and so may you: npx skerry commands send.
      <//>`}
    />
  <//>`;
}
