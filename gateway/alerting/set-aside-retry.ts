// What an alerting engine says when a record that it set aside is to be handled again.
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import { frameOrNull } from "../../contracts/messages/frame.ts";

/**
 * A frame's place in its lane has passed, and alerts are a function of the lane's order: neither can be made
 * up for. Null only where nothing is left to do.
 */
export function retryAlerting({ kind, detail, payload }: SetAsideRecord): Promise<string | null> {
  return Promise.resolve(problemOf(kind, detail, payload));
}

function problemOf(kind: SetAsideRecord["kind"], detail: string, payload: string | null) {
  if (kind !== "frame") return detail;
  if (payload === null) return "the frame was too large to be copied";
  const isReadable = frameOrNull(Buffer.from(payload, "base64")) !== null;
  return isReadable ? "its place in the lane has passed; its readings are in the record" : detail;
}
