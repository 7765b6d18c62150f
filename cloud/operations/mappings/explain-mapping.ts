// Which entries of a table are tried with a message, and why one does not apply (pure).
import { namePattern, namedPart, restName } from "../../../contracts/mapping-format.ts";
import type { MappingTable } from "../../../contracts/mapping.ts";
import { isReservedTopic } from "../../../contracts/names/topics.ts";
import { printable } from "../../../platform/runtime/printable.ts";
import type { Arrival } from "../../../gateway/ingest/admission.ts";
import { codecFor } from "../../../gateway/ingest/codecs/by-content-type.ts";
import { Undecodable } from "../../../gateway/ingest/codecs/codec.ts";
import { jsonText } from "../../../gateway/ingest/codecs/json.ts";
import { Work } from "../../../gateway/ingest/mapped-scope.ts";
import { Mapper, type MappingMatch } from "../../../gateway/ingest/mapping.ts";

type Message = Pick<Arrival, "topic" | "payload" | "contentType" | "receivedAtMs"> & {
  readonly clientId: string;
};

/** One line for each entry whose topic fits; else one that says which comes nearest. */
export function explainMapping(table: MappingTable, message: Message): string[] {
  const { topic } = message;
  if (isReservedTopic(topic)) return ["entry     none: mappings are not asked about this topic"];
  const matches = new Mapper(table).entriesFor(topic);
  if (matches.length === 0) return [printable(`entry     none: ${nearest(table, topic)}`)];
  let isTaken = false;
  return matches.map((match) => {
    const said =
      match.isOtherwise && isTaken ? "stands back: an earlier entry applies" : fate(match, message);
    if (said.startsWith(APPLIES)) isTaken = true;
    return printable(`entry     ${match.entry}: ${said}`);
  });
}

const APPLIES = "applies";

function fate(match: MappingMatch, message: Message): string {
  const { payload, contentType, receivedAtMs, clientId } = message;
  const text = match.isText ? jsonText(payload) : null;
  const sent =
    text === null
      ? codecFor(contentType).decode(payload)
      : typeof text === "string"
        ? text.trim()
        : text;
  if (sent instanceof Undecodable) return `does not apply: ${sent.detail}`;
  const arrival = { receivedAtMs, clientId, work: new Work() };
  const mapped = match.map(sent, arrival);
  if (mapped === null) return `does not apply: ${match.whyNot(sent, arrival)}`;
  if (!mapped.each) return APPLIES;
  const passed = mapped.elements.filter((element) => element === null).length;
  const count = mapped.elements.length;
  return `${APPLIES} to ${count - passed} of ${count} elements`;
}

/** The pattern that shares most levels with a topic, from the first on, and the first level that differs. */
function nearest(table: MappingTable, topic: string): string {
  const levels = topic.split("/");
  const none = `no entry has a pattern for the topic "${topic}"`;
  let best: { length: number; words: string } | null = null;
  for (const { name, topic: pattern } of table) {
    const parts = pattern.split("/");
    const at = parts.findIndex((part, place) => !isLike(part, levels[place]));
    const length = at === -1 ? parts.length : at;
    if (length === 0 || (best !== null && best.length >= length)) continue;
    const words =
      at === -1
        ? `it has ${levels.length} levels and "${pattern}" has ${parts.length}`
        : levels[at] === undefined
          ? `level ${at + 1} of "${pattern}" is missing`
          : `level ${at + 1} is "${levels[at]}", not "${parts[at]}"`;
    best = { length, words: `; nearest is ${name} with "${pattern}": ${words}` };
  }
  return `${none}${best?.words ?? ""}`;
}

function isLike(part: string, level: string | undefined): boolean {
  if (level === undefined) return isRest(part);
  const pattern = namePattern(part);
  if (pattern) return namedPart(pattern, level) !== null;
  return part === level || part === "+" || isRest(part);
}

const isRest = (part: string): boolean => part === "#" || restName(part) !== null;
