import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { Empty } from "../kit/empty.js";
import { TextArea } from "../kit/form.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { urlOf } from "../shell/url.js";
import { MessageTrial } from "./payload-trial.js";
import { TableFile } from "./table-file.js";

const EXAMPLE_TOPIC = "zigbee2mqtt/th1";
const EXAMPLE_PAYLOAD = '{"temperature":21.4,"humidity":55,"battery":97}';

/** `?topic=…` tries this topic; with `region` and `seq` the payload is that of a reject. */
export function Mappings({ query: { topic, region, seq } }) {
  const answer = useAsk("/mappings");
  const reject = useAsk(seq === undefined ? null : urlOf(["rejects", region, seq]));
  if (seq !== undefined && reject.data === null)
    return html`<${Answer} of=${reject}>${() => null}<//>`;
  const payload = reject.data ? (reject.data.text ?? "") : EXAMPLE_PAYLOAD;
  return html`<${Answer} of=${answer}
    >${(data) => html`<${MappingTable} ...${data} topic=${topic ?? EXAMPLE_TOPIC} payload=${payload} />`}<//
  >`;
}

const COLUMNS = [
  {
    key: "name",
    label: "Entry",
    cell: ({ name, note }) => html`${name}${note && html`<div class="muted small">${note}</div>`}`,
    sort: ({ name }) => name,
  },
  {
    key: "topic",
    label: "Topic",
    cell: ({ topic }) => html`<code>${topic}</code>`,
    sort: ({ topic }) => topic,
  },
  {
    key: "contract",
    label: "Contract",
    cell: ({ contract }) =>
      contract.includes("{")
        ? html`<code>${contract}</code>`
        : html`<a href=${urlOf(["contracts", contract])}>${contract}</a>`,
  },
  {
    key: "fields",
    label: "Fields",
    cell: ({ fields }) => Object.keys(fields).join(", "),
  },
];

function MappingTable({ mappings, problems, file, topic, payload }) {
  const [text, setText] = useState(null);
  const { table, found } = useTable(text);
  return html`<div class="stack">
    ${problems.map((line) => html`<${Note} key=${line} state="warn" title=${line} />`)}
    <div class="columns">
      <${Panel}
        title="Another table"
        note="tried here; the gateways go on with theirs"
        actions=${text === null ? html`<${Button} size="small" onClick=${() => setText(JSON.stringify({ mappings }, null, 2))}>Change the table<//>` : html`<${Button} size="small" onClick=${() => setText(null)}>Drop the change<//>`}
      >
        ${
          text === null
            ? html`<p class="muted">
                Change the table here to see what becomes of a message. A table that fits can be
                downloaded for the gateways, which read theirs from a file.
              </p>`
            : html`<div class="stack">
                <${TextArea} label="Mapping table" rows="22" value=${text} onInput=${setText} />
                ${
                  found === null
                    ? html`<${Note} title="Checking" />`
                    : found.length === 0
                      ? html`<${Note} state="ok" title="The table fits the contracts" />
                          <${TableFile} text=${text} file=${file} />`
                      : html`<${Note} state="bad" title=${plural(found.length, "problem")}
                          ><ul>
                            ${found.map((line) => html`<li key=${line}>${line}</li>`)}
                          </ul><//
                        >`
                }
              </div>`
        }
      <//>
      <${MessageTrial}
        title=${text === null ? "Try a message" : "Try a message with it"}
        topic=${topic}
        payload=${payload}
        mappings=${text === null ? undefined : table}
        disabled=${text !== null && table === null}
      />
    </div>
    <${Panel}
      title="The table of the gateways"
      note=${plural(mappings.length, "entry", "entries")}
      flush
    >
      <${Table}
        cards
        label="Mapping entries"
        columns=${COLUMNS}
        rows=${mappings}
        keyOf=${({ name }) => name}
        empty=${html`<${Empty} title="There is no mapping table">
          Devices that send topics and payloads of their own need one: SKERRY_MAPPINGS names its
          file. Write an entry below and try it first.
        <//>`}
      />
    <//>
  </div>`;
}

/** The table of a text as the server reads it, and what is wrong with it; null until that is known. */
function useTable(text) {
  const settled = useSettled(text);
  const [state, setState] = useState({ text: null, table: null, found: null });
  useEffect(() => {
    if (settled === null) return undefined;
    let isWanted = true;
    checked(settled).then((result) => isWanted && setState({ text: settled, ...result }));
    return () => (isWanted = false);
  }, [settled]);
  return state.text === text ? state : { table: null, found: null };
}

async function checked(text) {
  try {
    const mappings = JSON.parse(text);
    const { problems } = await ask("POST", "/mappings/check", { mappings });
    return { table: problems.length === 0 ? mappings : null, found: problems };
  } catch (error) {
    return { table: null, found: [error.message] };
  }
}
