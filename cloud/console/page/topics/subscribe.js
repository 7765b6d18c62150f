import { html } from "/lib/htm.js";
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { Button } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { CheckField, SelectField, TextArea, TextField } from "../kit/form.js";
import { Time } from "../kit/number.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { ProblemNote } from "../kit/problem.js";
import { toast } from "../kit/toast.js";
import { setQuery } from "../shell/router.js";
import { connectRegion } from "./live-client.js";

const KEPT = 200;

/** A subscription that is open for as long as somebody wants it: `{ messages, total, state, problem }`. */
function useSubscription(region, filter) {
  const [messages, setMessages] = useState([]);
  const [total, setTotal] = useState(0);
  const [state, setState] = useState("off");
  const [problem, setProblem] = useState(null);
  const client = useRef(null);
  useEffect(() => {
    setMessages([]);
    setTotal(0);
    setProblem(null);
    if (!filter || !region) return setState("off");
    let isWanted = true;
    // Many messages in a moment are drawn once.
    let gathered = [];
    const drawing = setInterval(() => {
      if (gathered.length === 0) return;
      const news = gathered;
      gathered = [];
      setTotal((before) => before + news.length);
      setMessages((before) => [...news.reverse(), ...before].slice(0, KEPT));
    }, 250);
    const fail = (error) => {
      if (!isWanted) return;
      setProblem(error);
      setState("off");
    };
    setState("connecting");
    connectRegion(region, {
      onMessage: (message) => gathered.push({ ...message, key: Math.random() }),
      onEnd: (reason) => fail(new Error(reason)),
    })
      .then(async (connected) => {
        if (!isWanted) return connected.end();
        client.current = connected;
        await connected.subscribe(filter);
        setState("on");
      })
      .catch(fail);
    return () => {
      isWanted = false;
      clearInterval(drawing);
      client.current?.end();
      client.current = null;
    };
  }, [region, filter]);
  return { messages, total, state, problem };
}

const STATES = {
  off: ["idle", "off"],
  connecting: ["info", "connecting"],
  on: ["ok", "listening"],
};

export function Subscribe({ region, filter, regions }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const { messages, total, state, problem } = useSubscription(region, filter);
  const submit = (event) => {
    event.preventDefault();
    setQuery({ filter: text, region });
  };
  const [chip, words] = STATES[state];
  return html`<${Panel}
    title="Subscribe"
    note=${html`<${Chip} state=${chip}>${words}<//>`}
    actions=${
      filter && html`<${Button} size="small" onClick=${() => setQuery({ filter: null })}>Stop<//>`
    }
  >
    <div class="stack">
      <form class="toolbar" onSubmit=${submit}>
        <${TextField}
          wide
          required
          label="Topic filter"
          placeholder="devices/+/telemetry/#"
          value=${text}
          onInput=${setText}
        />
        <${SelectField}
          label="Region"
          value=${region}
          onChange=${(one) => setQuery({ region: one })}
          options=${regions.map((one) => ({ value: one, text: one }))}
        />
        <${Button} type="submit">Listen<//>
      </form>
      ${problem && html`<${ProblemNote} problem=${problem} title="Nothing is listened to" />`}
      ${
        state === "on" &&
        html`<p class="muted small" role="status">
          ${total === 0 ? "No message yet." : `${plural(total, "message")}, the newest first.`}
        </p>`
      }
      ${
        messages.length > 0 &&
        html`<ol class="messages" tabindex="0" aria-label="Messages">
          ${messages.map(
            ({ key, atMs, topic, text: payload, retain }) =>
              html`<li key=${key}>
                <span class="muted"><${Time} atMs=${atMs} /></span>
                <code>${topic}</code>${retain && html`<${Chip}>retained<//>`}
                <code class="message-text">${payload}</code>
              </li>`,
          )}
        </ol>`
      }
    </div>
  <//>`;
}

/** Publishes once, through the region's gateway. */
export function Publish({ region, topic: first }) {
  const [topic, setTopic] = useState(first ?? "");
  const [text, setText] = useState("");
  const [isRetained, setRetained] = useState(false);
  const [problem, setProblem] = useState(null);
  const submit = async () => {
    setProblem(null);
    try {
      const client = await connectRegion(region, {
        onMessage: () => undefined,
        onEnd: () => undefined,
      });
      await client.publish(topic, text, { qos: 1, retain: isRetained });
      client.end();
      toast(`Published on ${topic} in ${region}: the gateway has stored it`);
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Panel} title="Publish" note="with QoS 1, in the region above">
    <form class="form" onSubmit=${(event) => event.preventDefault()}>
      <${TextField} label="Topic" value=${topic} onInput=${setTopic} />
      <${TextArea} label="Payload" value=${text} onInput=${setText} />
      <${CheckField} label="Retain" checked=${isRetained} onChange=${setRetained} />
      ${problem && html`<${ProblemNote} problem=${problem} title="The gateway did not take it" />`}
      <div><${Button} disabled=${topic === ""} onClick=${submit}>Publish<//></div>
    </form>
  <//>`;
}
