// Proposals in words, for people (pure).
import type { Fate } from "../../../cloud/operations/learn/judge.ts";
import type { Judged } from "../../../cloud/operations/learn/learn.ts";
import type { Proposal } from "../../../cloud/operations/learn/proposal.ts";
import type { Sample } from "../../../cloud/operations/learn/sample.ts";
import { count } from "../../../cloud/operations/words.ts";

const ROWS_SHOWN = 6;
const PAYLOAD_CHARS = 40;

export function proposalLines({ proposal, fates }: Judged, place: string): string[] {
  const { kind, template, samples, notes } = proposal;
  const lines = [`${place} ${template}  ${count(samples.length, "message")}`];
  const row = (name: string, text: string): number => lines.push(`  ${name.padEnd(9)} ${text}`);
  if (kind === "ignore") row("ignore", notes.join("; "));
  else if (kind === "none") row("unknown", notes.join("; "));
  else {
    row("device", proposal.device);
    if (proposal.from !== null)
      row("table", `${proposal.from}, ${count(proposal.entries.length, "entry", "entries")}`);
    row("contract", contractsText(proposal));
    for (const note of notes) row("note", note);
    lines.push(...messageRows(samples, fates));
  }
  return lines;
}

function contractsText({ entries, contracts }: Proposal): string {
  const fresh = new Map(contracts.map((one) => [one.name, one]));
  const names = [...new Set(entries.map(({ contract }) => contract))];
  return names
    .map((name) => {
      const file = fresh.get(name);
      return file ? `${name} (new: ${fieldsText(file.schema)})` : name;
    })
    .join(", ");
}

interface Property {
  readonly type: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly "x-unit"?: string;
  readonly "x-role"?: string;
}

/** `temperature Cel -100…200, running boolean`. */
function fieldsText(schema: object): string {
  const { properties } = schema as { properties: Readonly<Record<string, Property>> };
  return Object.entries(properties)
    .filter(([, property]) => property["x-role"] !== "time")
    .map(([name, { type, minimum, maximum, ...rest }]) => {
      const unit = rest["x-unit"] ?? type;
      const isBound = minimum !== undefined || maximum !== undefined;
      const bounds = isBound ? ` ${minimum ?? ""}…${maximum ?? ""}` : "";
      return `${name} ${rest["x-role"] === "tag" ? "tag" : unit}${bounds}`;
    })
    .join(", ");
}

/** One row for each topic first; then why some are refused. */
function messageRows(samples: readonly Sample[], fates: readonly Fate[]): string[] {
  const seen = new Set<string>();
  const rows: string[] = [];
  samples.forEach(({ topic, payload }, at) => {
    if (seen.has(topic)) return;
    seen.add(topic);
    if (rows.length >= ROWS_SHOWN) return;
    const shown = payload.toString("utf8").slice(0, PAYLOAD_CHARS);
    rows.push(`  ${topic} ${shown}${payload.length > PAYLOAD_CHARS ? "…" : ""}`);
    rows.push(...fates[at]!.readings.map((one) => `    → ${readingText(one)}`));
  });
  const more = seen.size - ROWS_SHOWN;
  if (more > 0) rows.push(`  … and ${count(more, "topic")} more`);
  const refused = fates.filter((fate) => fate.refused.length > 0);
  if (refused.length > 0)
    rows.push(`  refused   ${refused.length} of ${samples.length}: ${refused[0]!.refused[0]}`);
  return rows;
}

const readingText = ({
  device,
  contract,
  version,
  atMs,
  values,
}: Fate["readings"][number]): string => {
  const said = Object.entries(values)
    .filter(([name]) => name !== "ts")
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
  return `${device}  ${contract} v${version}  ${said}  ${new Date(atMs).toISOString()}`;
};

/** A proposal for programs. */
export const jsonOf = ({ proposal, fates }: Judged): object => {
  const { samples, ...rest } = proposal;
  return {
    ...rest,
    messages: samples.map(({ topic, at }, place) => ({ topic, at, ...fates[place]! })),
  };
};
