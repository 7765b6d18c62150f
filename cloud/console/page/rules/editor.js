// Writing a rule: a form for its kind, or its JSON; what is wrong is said while one types.
import { html } from "/lib/htm.js";
import { useMemo, useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { TextArea } from "../kit/form.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Note, ProblemNote } from "../kit/problem.js";
import { toast } from "../kit/toast.js";
import { navigate } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { useCheck } from "./check.js";
import { RuleForm } from "./form.js";
import { KINDS, formOf, keyOfProblem, ruleOf } from "./kinds.js";
import { savingOf } from "./saving.js";
import { Trial } from "./trial.js";

/** A link may begin a rule: `/rules?new=threshold&contract=machine&when=temperature > 95`. */
const begun = (query) =>
  formOf({ ...query, kind: KINDS[query.new] ? query.new : "threshold", severity: "warning" });

const SAVE = {
  rule: ({ version }) => `Save as version ${version}`,
  silences: ({ version }) => `Save its maintenance windows (stays version ${version})`,
};
const SAVED = {
  rule: ({ version }) => `is saved as version ${version}`,
  silences: () => "has other maintenance windows, and goes on",
};

export function RuleEditor({ id, query }) {
  const saved = useAsk(id === null ? null : urlOf(["rules", id]));
  const crumb =
    id === null ? { href: "/rules", text: "Rules" } : { href: urlOf(["rules", id]), text: id };
  return html`
    <${PageHead} title=${id === null ? "New rule" : `Change ${id}`} crumb=${crumb}>
      Nothing counts before it is saved.
    <//>
    ${
      id === null
        ? html`<${Editing} saved=${null} first=${begun(query)} />`
        : html`<${Answer} of=${saved}
            >${(listed) => html`<${Editing} saved=${listed} first=${formOf(listed.rule)} />`}<//
          >`
    }
  `;
}

function Editing({ saved, first }) {
  const [form, setForm] = useState(first);
  const [json, setJson] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const version = (saved?.version ?? 0) + 1;
  const { rule, problems } = useMemo(
    () => (json === null ? ruleOf(form, version) : ofJson(json, version)),
    [form, json, version],
  );
  const check = useCheck(rule);
  const { byKey, others } = sorted({ problems, check, kind: form.kind, isJson: json !== null });
  const isReady = check?.isValid === true && Object.keys(problems).length === 0;
  const saving = savingOf(rule, saved && { ...saved.rule, version: saved.version });
  const save = async () => {
    setRefusal(null);
    try {
      await ask("PUT", urlOf(["rules", rule.id]), saving.rule);
      toast(
        `Rule ${rule.id} ${SAVED[saving.change](saving.rule)}. The engines have it in a second.`,
      );
      navigate(urlOf(["rules", rule.id]));
    } catch (error) {
      setRefusal(error);
    }
  };
  const turn = () => {
    if (json !== null) setForm(formOf(rule));
    setJson(json === null ? JSON.stringify(rule, null, 2) : null);
  };
  const canTurn = json === null || (!problems.json && KINDS[rule.kind] !== undefined);
  const turnButton = html`<${Button} size="small" disabled=${!canTurn} onClick=${turn}
    >${json === null ? "As JSON" : "As a form"}<//
  >`;
  return html`<div class="columns">
    <${Panel} title="The rule" actions=${turnButton}>
      <div class="stack">
        ${
          json === null
            ? html`<${RuleForm}
                form=${form}
                setForm=${setForm}
                isNew=${saved === null}
                problems=${byKey}
              />`
            : html`<${TextArea}
                label="The rule as JSON"
                rows="20"
                value=${json}
                onInput=${setJson}
              />`
        }
        <${Verdict} check=${check} others=${others} notJson=${problems.json} />
        ${refusal && html`<${ProblemNote} problem=${refusal} title="It was not saved" />`}
        <${ForOperators}
          otherwise=${html`<p class="muted">You may try a rule; saving it needs an operator.</p>`}
        >
          <div class="row">
            <${Button} kind="primary" disabled=${!isReady || saving.change === null} onClick=${save}
              >${SAVE[saving.change]?.(saving.rule) ?? "Nothing is changed yet"}<//
            >
          </div>
        <//>
      </div>
    <//>
    <${Trial} rule=${rule} isReady=${isReady} />
  </div>`;
}

function ofJson(text, version) {
  try {
    return { rule: { ...JSON.parse(text), version }, problems: {} };
  } catch (error) {
    return { rule: {}, problems: { json: error.message } };
  }
}

/** Problems that a field of the form can show, and those that only the whole can. */
function sorted({ problems, check, kind, isJson }) {
  const byKey = isJson ? {} : { ...problems };
  const others = [];
  for (const { at, message } of check?.problems ?? []) {
    const missing = /required property '(\w+)'/.exec(message)?.[1];
    const key = isJson ? null : (missing ?? keyOfProblem(at || message, kind));
    if (key) byKey[key] ??= missing ? "it is needed" : message;
    else others.push(at === "" ? message : `${at} ${message}`);
  }
  return { byKey, others };
}

function Verdict({ check, others, notJson }) {
  if (notJson) return html`<${Note} state="bad" title="This is no JSON"><p>${notJson}</p><//>`;
  if (check === null) return html`<${Note} title="Checking" />`;
  if (check.isValid)
    return html`<${Note} state="ok" title="It can be evaluated"
      ><p><code>${check.condition}</code></p><//
    >`;
  return html`<${Note} state="warn" title="It cannot be evaluated yet">
    ${others.map((text) => html`<p key=${text}>${text}</p>`)}
    ${others.length === 0 && html`<p>Something above is missing or wrong.</p>`}
  <//>`;
}
