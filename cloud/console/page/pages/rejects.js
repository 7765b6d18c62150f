// Rejects: what was refused and kept, why and where; mending, and admitting it again.
import { html } from "/lib/htm.js";
import { RejectDetail } from "../rejects/detail.js";
import { Learn } from "../rejects/learn.js";
import { RejectList } from "../rejects/list.js";

/** /rejects?region=…&reason=…&device=…, /rejects/learn, /rejects/{region}/{seq} */
export function Page({ path: [region, seq], query }) {
  if (region === "learn" && seq === undefined) return html`<${Learn} query=${query} />`;
  return seq === undefined
    ? html`<${RejectList} query=${query} />`
    : html`<${RejectDetail} key=${`${region} ${seq}`} region=${region} seq=${seq} />`;
}
