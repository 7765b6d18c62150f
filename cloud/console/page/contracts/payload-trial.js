// Trying a payload: what a gateway would make of it.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { TextArea, TextField } from "../kit/form.js";
import { Panel } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { examplePayload } from "./example.js";

export const PayloadTrial = ({ name, version }) =>
  html`<${MessageTrial}
    title="Try a payload"
    topic=${`devices/my-device/telemetry/${name}`}
    payload=${JSON.stringify(examplePayload(version.schema, Date.now()), null, 2)}
  />`;

/** @param mappings a table that counts in the place of the gateways' own. */
export function MessageTrial({
  title,
  topic: firstTopic,
  payload: firstPayload,
  mappings,
  disabled,
}) {
  const [topic, setTopic] = useState(firstTopic);
  const [payload, setPayload] = useState(firstPayload);
  const [state, setState] = useState({ outcome: null, problem: null });
  const run = async () => {
    const message = { topic, payload, ...(mappings === undefined ? {} : { mappings }) };
    const found = await ask("POST", "/mappings/try", message).then(
      (outcome) => ({ outcome, problem: null }),
      (problem) => ({ outcome: null, problem }),
    );
    setState(found);
  };
  const { outcome, problem } = state;
  return html`<${Panel} title=${title} note="nothing is stored">
    <div class="stack">
      <${TextField} label="Topic" value=${topic} onInput=${setTopic} class="input mono" />
      <${TextArea}
        label="Payload"
        rows=${Math.min(14, payload.split("\n").length + 2)}
        value=${payload}
        onInput=${setPayload}
      />
      <div class="row"><${Button} disabled=${disabled || topic === ""} onClick=${run}>Try<//></div>
      ${problem && html`<${ProblemNote} problem=${problem} />`}
      ${
        outcome &&
        html`<${Note}
          state=${outcome.isRefused ? "bad" : "ok"}
          title=${outcome.isRefused ? "It would be refused" : "It would be stored"}
        >
          ${outcome.lines.map((line) => html`<p key=${line}><code>${line}</code></p>`)}
        <//>`
      }
    </div>
  <//>`;
}
