// Rejects: what was refused and kept, why and where; mending, and admitting it again.
import { html } from "/lib/htm.js";
import { RejectDetail } from "../rejects/detail.js";
import { RejectList } from "../rejects/list.js";

/** /rejects?region=…&reason=…&device=…, /rejects/{region}/{seq} */
export function Page({ path: [region, seq], query }) {
  return seq === undefined
    ? html`<${RejectList} query=${query} />`
    : html`<${RejectDetail} key=${`${region} ${seq}`} region=${region} seq=${seq} />`;
}
