// Connect a device: a name, what it sends, its credential, the lines to paste, and the moment its first message arrives.
import { html } from "/lib/htm.js";
import { useEffect, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Arrival } from "../connect/arrival.js";
import { LANGUAGES, topicOfFilter } from "../connect/lines.js";
import { sampleOf } from "../connect/sample.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button, LinkButton } from "../kit/button.js";
import { Code, CopyButton } from "../kit/code.js";
import { CheckField, RadioField, SelectField, TextField } from "../kit/form.js";
import { Facts } from "../kit/number.js";
import { PageHead, Panel, Tabs } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";

/** Contracts that gateways and processes write themselves. */
const NOT_SENT = new Set(["presence", "canary"]);

/** The newest version of each contract that a device may send. */
function newestOf(versions) {
  const newest = new Map();
  for (const one of versions)
    if (!NOT_SENT.has(one.name) && one.version > (newest.get(one.name)?.version ?? 0))
      newest.set(one.name, one);
  return [...newest.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The record as the API takes it; a bridge that names nobody speaks for every device without one. */
function recordOf({ name, topic, others, names }) {
  const speaksFor = names
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return {
    id: name,
    ...(topic === null ? {} : { topics: [topic] }),
    ...(others ? { role: "bridge" } : {}),
    ...(others && speaksFor.length > 0 ? { speaksFor } : {}),
  };
}

const DEFAULT_CONTRACT = "environment";
const PORT = 1883;

/** Where devices of a region connect; what is not known can be typed. */
function placeOf(gateways, region) {
  const known = gateways.find((one) => one.region === region);
  if (!known?.mqtt) return { host: location.hostname, port: PORT, isKnown: false };
  const { hostname, port } = new URL(known.mqtt);
  return { host: hostname, port: Number(port) || PORT, isKnown: true };
}

const SpokenFor = ({ others, setOthers, names, setNames }) =>
  html`<${CheckField}
      label="It is a bridge, such as a broker of your own: it speaks for other devices"
      checked=${others}
      onChange=${setOthers}
    />
    ${
      others &&
      html`<${TextField}
        label="The devices that it speaks for"
        placeholder="room-*, boiler-7"
        value=${names}
        onInput=${setNames}
        hint="Their ids, between commas; * stands for any characters. Empty: every device that has no record."
      />`
    }`;

function Form({ query, contracts, regions, made }) {
  const [name, setName] = useState(query.name ?? "");
  const [kind, setKind] = useState(query.topic ? "topic" : "contract");
  const [contract, setContract] = useState(
    query.contract ??
      (contracts.some((one) => one.name === DEFAULT_CONTRACT)
        ? DEFAULT_CONTRACT
        : contracts[0]?.name),
  );
  const [topic, setTopic] = useState(query.topic ?? "");
  const [region, setRegion] = useState(query.region ?? regions[0]);
  const [others, setOthers] = useState(false);
  const [names, setNames] = useState("");
  const [problem, setProblem] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const own = kind === "topic";
    try {
      const body = recordOf({ name, topic: own ? topic : null, others, names });
      const { secret } = await ask("POST", "/devices", body);
      setProblem(null);
      const sends = { contract: own ? null : contract, topic: own ? topic : null };
      made({ id: name, secret, region, ...sends });
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Panel} title="The device">
    <form class="form" onSubmit=${submit}>
      <${TextField}
        label="Name"
        required
        maxlength="128"
        placeholder="boiler-7"
        value=${name}
        onInput=${setName}
        hint="Its id for good: MQTT user name, and a level of its topics. No / + # in it."
        error=${problem?.status === 409 ? `${problem.message} Give it a new password on its page, or choose another name.` : null}
      />
      ${
        regions.length > 1 &&
        html`<${SelectField}
          label="Region"
          value=${region}
          onChange=${setRegion}
          options=${regions.map((one) => ({ value: one, text: one }))}
        />`
      }
      <${RadioField}
        label="What it sends"
        value=${kind}
        onChange=${setKind}
        options=${[
          { value: "contract", text: "JSON as a contract says" },
          {
            value: "topic",
            text: "I have my own topic",
            hint: "The device cannot be changed: a mapping says what its messages mean.",
          },
        ]}
      />
      ${
        kind === "contract"
          ? html`<${SelectField}
              label="Contract"
              value=${contract}
              onChange=${setContract}
              options=${contracts.map(({ name: value, schema }) => ({
                value,
                text: schema.title ? `${value}: ${schema.title}` : value,
              }))}
            />`
          : html`<${TextField}
              label="Topic"
              required
              placeholder="tele/boiler-7/#"
              value=${topic}
              onInput=${setTopic}
              hint="The filter of the topics that it publishes on; # and + stand for levels."
            />`
      }
      <${SpokenFor} ...${{ others, setOthers, names, setNames }} />
      ${problem && problem.status !== 409 && html`<${ProblemNote} problem=${problem} />`}
      ${
        problem?.status === 409 &&
        html`<div><${LinkButton} href=${urlOf(["devices", name])}>Page of ${name}<//></div>`
      }
      <${ForOperators}
        otherwise=${html`<${Note} state="info"
          ><p>Only an operator can register a device. You are logged in as a viewer.</p><//
        >`}
      >
        <div><${Button} kind="primary" type="submit">Make its credential<//></div>
      <//>
    </form>
  <//>`;
}

function Credential({ device }) {
  const { id, secret } = device;
  return html`<${Panel} title="Its credential" note="the password is shown only now">
    <${Facts}
      rows=${[
        ["User name", html`<code>${id}</code> <${CopyButton} text=${id} />`],
        ["Password", html`<code class="secret">${secret}</code> <${CopyButton} text=${secret} />`],
        ["Client id", html`<code>${id}</code>, or one that begins with <code>${id}/</code>`],
      ]}
    />
  <//>`;
}

function Lines({ device, contracts, gateways, language }) {
  const known = placeOf(gateways, device.region);
  const [host, setHost] = useState(known.host);
  const [port, setPort] = useState(String(known.port));
  const { id, secret, contract, topic } = device;
  const schema = contracts.find(({ name }) => name === contract)?.schema;
  const sample = schema ? sampleOf(schema) : { temperature: 21.5 };
  const publishTopic = topic ? topicOfFilter(topic, id) : `devices/${id}/telemetry/${contract}`;
  const current = LANGUAGES.find(({ name }) => name === language) ?? LANGUAGES[0];
  const text = current.lines({ host, port, id, secret, topic: publishTopic, sample });
  const isLocal = /^(127\.|localhost$|\[?::1)/.test(host);
  return html`<${Panel} title="Its lines" note="filled in, ready to paste">
    <${Tabs}
      label="Language"
      tabs=${LANGUAGES.map(({ name, text: words }) => ({
        href: urlOf(["connect"], {
          ...{ name: id, region: device.region, contract, topic },
          lang: name,
        }),
        text: words,
        current: name === current.name,
      }))}
    />
    <div class="stack">
      <${Code}
        text=${text}
        wrap=${current.name === "mosquitto"}
        label=${`Lines for ${current.text}`}
      />
      <div class="toolbar">
        <${TextField} label="Gateway" value=${host} onInput=${setHost} />
        <${TextField} label="Port" inputmode="numeric" value=${port} onInput=${setPort} />
      </div>
      ${
        isLocal &&
        html`<p class="muted small">
          ${host} is this machine only. For a device elsewhere, put the address here that it reaches
          the gateway by.
        </p>`
      }
      ${
        !known.isKnown &&
        html`<p class="muted small">
          The console was not told where the gateways of ${device.region} listen: check address and
          port.
        </p>`
      }
    </div>
  <//>`;
}

function Connect({ query, contracts, gateways, regions }) {
  const [device, setDevice] = useState(null);
  const made = (one) => {
    setDevice(one);
    setQuery({ name: one.id, region: one.region, contract: one.contract, topic: one.topic });
  };
  // Another address is another device; a language is not.
  useEffect(() => {
    if (device && query.name !== device.id) setDevice(null);
  }, [query.name]);
  if (!device)
    return html`<div class="narrow">
      <${Form} ...${{ query, contracts, regions, made }} />
    </div>`;
  return html`<div class="connect">
    <div class="stack">
      <${Arrival} device=${device} />
      <${Credential} device=${device} />
      <div class="row">
        <${LinkButton} href="/connect">Connect another<//>
        <${LinkButton} href=${urlOf(["devices", device.id])}>Page of ${device.id}<//>
      </div>
    </div>
    <${Lines} ...${{ device, contracts, gateways, language: query.lang }} />
  </div>`;
}

export function Page({ query }) {
  const contracts = useAsk("/contracts");
  const gateways = useAsk("/gateways");
  const overview = useOverview();
  const isKnown = overview && (gateways.data || gateways.problem);
  return html`<${PageHead} title="Connect a device">
      Give it a name, paste its lines, and see its first message arrive.
    <//>
    <${Answer} of=${contracts}
      >${({ versions }) =>
        isKnown &&
        html`<${Connect}
          query=${query}
          contracts=${newestOf(versions)}
          gateways=${gateways.data?.gateways ?? []}
          regions=${overview.regions.map(({ region }) => region)}
        />`}<//
    >`;
}
