// Mending what a reject was refused for: another version of its contract, or another mapping; tried on its own bytes.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { Panel } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { urlOf } from "../shell/url.js";
import { nextSchema } from "../contracts/schema-words.js";
import { VersionEditor } from "../contracts/version-editor.js";

/** Reasons that a version of a contract can mend. */
const BY_CONTRACT = new Set(["contract_violation", "unknown_contract", "clock_behind"]);
const BY_MAPPING = new Set(["unmapped_topic", "unmappable"]);

const EMPTY_SCHEMA = { type: "object", required: [], additionalProperties: false, properties: {} };

export function Mend({ reject, schema }) {
  const [isOpen, setOpen] = useState(false);
  const [version, setVersion] = useState(null);
  const { reason, contract, region, seq, topic } = reject;
  if (BY_MAPPING.has(reason))
    return html`<${Panel}
      title="Mend the mapping"
      actions=${html`<a class="button" href=${urlOf(["contracts"], { tab: "mappings", topic, region, seq })}>Try a mapping on it</a>`}
    >
      <p class="muted">
        The table is a file that gateways read at their start. Try an entry here until it fits, put
        it into the file, and restart the gateways.
      </p>
    <//>`;
  if (!BY_CONTRACT.has(reason) || contract === null) return null;
  return html`<${Panel}
    title="Mend the contract"
    note="a new version, tried on these bytes before it is published"
    actions=${html`<${Button} size="small" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${isOpen ? "Close" : "Open"}<//>`}
  >
    ${version !== null && html`<${Note} state="ok" title=${`${contract} v${version} is published`}><p>Replay below: a dry run says first what would happen.</p><//>`}
    ${
      isOpen &&
      version === null &&
      html`<${VersionEditor}
        name=${contract}
        first=${schema === null ? EMPTY_SCHEMA : nextSchema(schema)}
        published=${setVersion}
        >${({ file }) => html`<${Try} path=${urlOf(["rejects", region, seq, "trial"])} file=${file} />`}<//
      >`
    }
    ${!isOpen && version === null && html`<p class="muted">If the device is right and the contract too narrow.</p>`}
  <//>`;
}

/** What would become of the reject's own bytes. */
function Try({ path, file }) {
  const [state, setState] = useState({ text: null, outcome: null, problem: null });
  const text = JSON.stringify(file);
  const run = async () => {
    const found = await ask("POST", path, { contracts: [file] }).then(
      (outcome) => ({ text, outcome, problem: null }),
      (problem) => ({ text, outcome: null, problem }),
    );
    setState(found);
  };
  const { outcome, problem } = state;
  return html`<div class="stack">
    <div class="row">
      <${Button} disabled=${file === null} onClick=${run}>Try it on these bytes<//>
    </div>
    ${problem && html`<${ProblemNote} problem=${problem} />`}
    ${
      outcome &&
      state.text === text &&
      html`<${Note}
        state=${outcome.isRefused ? "bad" : "ok"}
        title=${outcome.isRefused ? "It would still be refused" : "It would be stored"}
      >
        ${outcome.lines.map((line) => html`<p key=${line}><code>${line}</code></p>`)}
      <//>`
    }
  </div>`;
}
