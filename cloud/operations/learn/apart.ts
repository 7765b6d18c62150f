// Entries of different proposals kept apart (pure): one that would apply to a message of another gets a condition, or
// the topics that it was learned from.
import type { Condition, MappingEntry } from "../../../contracts/mapping-format.ts";
import { codecFor } from "../../../gateway/ingest/codecs/by-content-type.ts";
import { Undecodable } from "../../../gateway/ingest/codecs/codec.ts";
import { jsonText } from "../../../gateway/ingest/codecs/json.ts";
import { Work } from "../../../gateway/ingest/mapped-scope.ts";
import { Mapper } from "../../../gateway/ingest/mapping.ts";
import { isMeasured, leavesOf } from "./leaves.ts";
import { pointerOf } from "./fields.ts";
import type { Proposal } from "./proposal.ts";
import { type Sample, parseSample } from "./sample.ts";

/** Topics that an entry may be written for one by one. */
const TOPICS_MAX = 50;
/** Messages of each topic that are looked at. */
const LOOKED_AT = 3;

/** @param handled messages that the table in force takes: a learned entry must not take them again. */
export function entriesApart(
  proposals: readonly Proposal[],
  handled: readonly Sample[],
): Proposal[] {
  return proposals.map((proposal) => {
    if (proposal.kind !== "map") return proposal;
    const others = [
      ...proposals.filter((other) => other !== proposal).flatMap(({ samples }) => samples),
      ...handled,
    ];
    const foreign = fewOfEach(others);
    const notes: string[] = [];
    const entries = proposal.entries.flatMap((entry) => {
      const met = foreign.filter(appliesOf(entry));
      if (met.length === 0) return [entry];
      const condition = entry.each === undefined ? dividing(proposal.samples, met) : null;
      if (condition) return [{ ...entry, when: [...(entry.when ?? []), condition] }];
      const own = literal(entry, proposal.samples);
      if (own.every((one) => !met.some(appliesOf(one)))) {
        notes.push(
          `written for its topics one by one: ${entry.topic} would take ${met[0]!.topic} as well`,
        );
        return own;
      }
      notes.push(`${met[0]!.topic} is taken by this as well: its messages would be two readings`);
      return [entry];
    });
    return { ...proposal, entries, notes: [...proposal.notes, ...new Set(notes)] };
  });
}

const fewOfEach = (samples: readonly Sample[]): Sample[] =>
  [...Map.groupBy(samples, ({ topic }) => topic).values()].flatMap((of) => of.slice(0, LOOKED_AT));

/** Says whether an entry applies to a message. */
function appliesOf(entry: MappingEntry): (sample: Sample) => boolean {
  const mapper = new Mapper([{ ...entry, name: "one" }]);
  return ({ topic, payload, contentType, atMs, clientId }) => {
    const [match] = mapper.entriesFor(topic);
    if (!match) return false;
    const decoded = match.isText ? jsonText(payload) : codecFor(contentType).decode(payload);
    const sent = match.isText && typeof decoded === "string" ? decoded.trim() : decoded;
    if (sent instanceof Undecodable || (match.isText && typeof sent !== "string")) return false;
    return match.map(sent, { receivedAtMs: atMs, clientId, work: new Work() }) !== null;
  };
}

/** A member that every message has, and none of the others. */
function dividing(own: readonly Sample[], others: readonly Sample[]): Condition | null {
  const pointersIn = (sample: Sample): Set<string> =>
    new Set(
      leavesOf([{ value: parseSample(sample).value, atMs: sample.atMs }])
        .filter(isMeasured)
        .map(({ tokens }) => pointerOf(tokens)),
    );
  const [first, ...rest] = own.map(pointersIn);
  const foreign = others.map(pointersIn);
  const pointer = [...(first ?? [])].find(
    (one) => one !== "" && rest.every((of) => of.has(one)) && foreign.every((of) => !of.has(one)),
  );
  return pointer === undefined ? null : { pointer };
}

/** The entry for each topic, with the names of its levels put in. */
function literal(entry: MappingEntry, samples: readonly Sample[]): MappingEntry[] {
  const parts = entry.topic.split("/");
  const topics = [...new Set(samples.map(({ topic }) => topic))].slice(0, TOPICS_MAX);
  return topics.map((topic) => {
    const levels = topic.split("/");
    const names = new Map(
      parts.flatMap((part, at) => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        return name === undefined ? [] : [[name, levels[at]!] as const];
      }),
    );
    const filled = (text: string): string =>
      text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names.get(name) ?? whole);
    const fields = Object.entries(entry.fields).map(([name, field]) => {
      const text = field.level === undefined ? undefined : names.get(field.level);
      return [name, text === undefined ? field : { constant: text }] as const;
    });
    return {
      ...entry,
      topic,
      device: filled(entry.device ?? "{device}"),
      fields: Object.fromEntries(fields),
    };
  });
}
