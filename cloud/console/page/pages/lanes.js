import { html } from "/lib/htm.js";
import { AllLanes } from "../lanes/all-lanes.js";
import { LaneFrames, OneFrame } from "../lanes/frames.js";

/** `/lanes`, `/lanes/{region}/{partition}`, `/lanes/{region}/{partition}/{frame}`. */
export function Page({ path: [region, partition, seq], query }) {
  if (seq !== undefined) return html`<${OneFrame} ...${{ region, partition, seq }} />`;
  if (partition !== undefined)
    return html`<${LaneFrames}
      key=${`${region}/${partition}`}
      ...${{ region, partition, query }}
    />`;
  return html`<${AllLanes} query=${query} />`;
}
