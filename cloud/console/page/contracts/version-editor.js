// Writing the next version of a contract: what it would break is said while one types; publishing it.
import { html } from "/lib/htm.js";
import { useEffect, useMemo, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { useSettled } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { SelectField, TextArea, TextField } from "../kit/form.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { toast } from "../kit/toast.js";
import { ForOperators } from "../shell/session.js";

const MODES = [
  { value: "BACKWARD", text: "takes what earlier versions took" },
  { value: "FULL", text: "and earlier versions take what it takes" },
  { value: "FORWARD", text: "earlier versions take what it takes" },
  { value: "NONE", text: "may break earlier versions: say why" },
];

/** `name`: the contract; `first`: its schema to begin with; `children({ file, isAllowed })` may try it; `published` is told. */
export function VersionEditor({ name, first, published, children }) {
  const [text, setText] = useState(JSON.stringify(first, null, 2));
  const [mode, setMode] = useState("BACKWARD");
  const [reason, setReason] = useState("");
  const [refusal, setRefusal] = useState(null);
  const { schema, problem } = useMemo(() => parsed(text), [text]);
  const wanted = schema && { name, schema, mode, ...(mode === "NONE" ? { reason } : {}) };
  const check = useContractCheck(wanted);
  const publish = async () => {
    setRefusal(null);
    try {
      const { version } = await ask("POST", "/contracts", wanted);
      toast(`${name} v${version} is published. Every region has it within seconds.`);
      published(version);
    } catch (error) {
      setRefusal(error);
    }
  };
  const file = check?.version ? { name, version: check.version, schema } : null;
  return html`<div class="stack">
    <${TextArea}
      label="Schema of the next version"
      rows="22"
      value=${text}
      onInput=${setText}
      error=${problem}
    />
    <div class="row trial-asked">
      <${SelectField} label="The new version" value=${mode} options=${MODES} onChange=${setMode} />
      ${mode === "NONE" && html`<${TextField} label="Why it may break them" value=${reason} onInput=${setReason} />`}
    </div>
    ${schema && html`<${Report} check=${check} />`} ${children?.({ file })}
    ${refusal && html`<${ProblemNote} problem=${refusal} title="It was not published" />`}
    <${ForOperators} otherwise=${html`<p class="muted">Publishing needs an operator.</p>`}>
      <div class="row">
        <${Button} kind="primary" disabled=${check?.isAllowed !== true} onClick=${publish}>
          Publish${check?.version ? ` as v${check.version}` : ""}
        <//>
      </div>
    <//>
  </div>`;
}

function parsed(text) {
  try {
    const schema = JSON.parse(text);
    const isObject = typeof schema === "object" && schema !== null && !Array.isArray(schema);
    return isObject
      ? { schema, problem: null }
      : { schema: null, problem: "A schema is a JSON object." };
  } catch (error) {
    return { schema: null, problem: `This is no JSON: ${error.message}` };
  }
}

/** The server's opinion, a moment after the last key; null until it is known of this very version. */
function useContractCheck(wanted) {
  const text = wanted && JSON.stringify(wanted);
  const settled = useSettled(text);
  const [check, setCheck] = useState({ text: null, answer: null });
  useEffect(() => {
    if (settled === null) return undefined;
    let isWanted = true;
    ask("POST", "/contracts/check", JSON.parse(settled))
      .catch((error) => ({ isAllowed: false, problem: error }))
      .then((answer) => isWanted && setCheck({ text: settled, answer }));
    return () => (isWanted = false);
  }, [settled]);
  return check.text === text ? check.answer : null;
}

function Report({ check }) {
  if (check === null) return html`<${Note} title="Checking" />`;
  if (check.problem)
    return html`<${ProblemNote} problem=${check.problem} title="It cannot be checked" />`;
  const { isAllowed, version, report } = check;
  return html`
    <${Note}
      state=${isAllowed ? "ok" : "bad"}
      title=${isAllowed ? `It may be published as v${version}` : "It may not be published"}
    >
      <${Lines} lines=${report.problems} />
    <//>
    ${report.warnings.length > 0 && html`<${Note} state="warn" title="To know"><${Lines} lines=${report.warnings} /><//>`}
    ${
      report.impact.length > 0
        ? html`<${Note} state="warn" title="What it would change"
            ><${Lines} lines=${report.impact}
          /><//>`
        : isAllowed && html`<p class="muted small">No rule and no rollup would be another.</p>`
    }
  `;
}

const Lines = ({ lines }) =>
  lines.length > 0 &&
  html`<ul>
    ${lines.map((line) => html`<li key=${line}>${line}</li>`)}
  </ul>`;
