import { html } from "/lib/htm.js";
import { ProblemNote } from "./problem.js";

/** What `useAsk` gave: loading, the problem, or the children, which are a function of the data. */
export function Answer({ of: { data, problem, reload }, children }) {
  if (problem) return html`<${ProblemNote} problem=${problem} retry=${reload} />`;
  if (data === null) return html`<p class="loading" role="status">Loading</p>`;
  return children(data);
}
