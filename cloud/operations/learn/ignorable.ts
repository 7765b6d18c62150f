// Messages that carry no reading (pure), and why.
import { isBridgeTopic, isDiscoveryTopic } from "./described.ts";
import { isMeasured, leavesOf } from "./leaves.ts";
import { isPresenceWord, plainName } from "./quantities.ts";
import type { Parsed } from "./sample.ts";

const PRESENCE_LEVELS = new Set(
  "lwt availability available online connected presence alive will".split(" "),
);
const COMMAND_LEVELS = new Set("set get cmd command commands cmnd".split(" "));

/** Null for what may carry a reading. */
export function whyIgnored(parsed: Parsed): string | null {
  const { sample, levels, kind, value } = parsed;
  const last = plainName(levels.at(-1) ?? "");
  if (kind === "empty") return "an empty payload: it clears what was retained";
  if (isDiscoveryTopic(sample.topic) && kind === "object")
    return "a description (Home Assistant discovery): its units and names are used here, it is no reading";
  if (isBridgeTopic(sample.topic))
    return "what a bridge says of itself; its list of devices is used here";
  if (COMMAND_LEVELS.has(plainName(levels[0] ?? "")) || COMMAND_LEVELS.has(last))
    return "a command to a device, no reading of it";
  if (kind === "word" && isPresenceWord(String(value)))
    return `"${String(value)}" says whether a device is there; gateways know that of connections themselves`;
  if (PRESENCE_LEVELS.has(last) && kind === "object" && isPresence(value))
    return "it says whether a device is there; gateways know that of connections themselves";
  if (/^tele\/[^/]+\/INFO\d$/.test(sample.topic))
    return "what a device says of itself when it starts";
  if (/^stat\/[^/]+\/(?:RESULT|STATUS\d*)$/.test(sample.topic))
    return "the answer to a command; tele/… has the readings";
  if (kind === "object" || kind === "array") {
    const isEmpty =
      !leavesOf([{ value, atMs: sample.atMs }]).some(isMeasured) && !hasElements(value);
    return isEmpty ? "neither a number nor a state is in it, only text" : null;
  }
  return null;
}

const isPresence = (value: unknown): boolean =>
  Object.values(value as object).every((one) => typeof one === "string" && isPresenceWord(one));

/** Arrays hold records of their own. */
function hasElements(value: unknown): boolean {
  if (Array.isArray(value))
    return value.some((one) => typeof one === "object" || typeof one === "number");
  return typeof value === "object" && value !== null && Object.values(value).some(hasElements);
}
