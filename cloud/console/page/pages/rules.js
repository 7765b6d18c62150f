// Rules: what raises alerts, how the regions' engines take it; writing one, and trying it before it counts.
import { html } from "/lib/htm.js";
import { RuleDetail } from "../rules/detail.js";
import { RuleEditor } from "../rules/editor.js";
import { RuleList } from "../rules/list.js";

/** /rules, /rules/{id}, /rules/{id}/edit, and /rules?new=threshold&contract=…&when=… */
export function Page({ path: [id, action], query }) {
  if (id === undefined)
    return query.new === undefined
      ? html`<${RuleList} query=${query} />`
      : html`<${RuleEditor} key="new" id=${null} query=${query} />`;
  return action === "edit"
    ? html`<${RuleEditor} key=${id} id=${id} query=${query} />`
    : html`<${RuleDetail} key=${id} id=${id} />`;
}
