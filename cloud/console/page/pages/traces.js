// Traces: readings that were followed from hop to hop.
import { html } from "/lib/htm.js";
import { TraceDetail } from "../traces/detail.js";
import { TraceList } from "../traces/list.js";

/** /traces, /traces/{id} */
export function Page({ path: [id], query }) {
  return id === undefined
    ? html`<${TraceList} query=${query} />`
    : html`<${TraceDetail} key=${id} id=${id} />`;
}
