// The versions of what one process writes and another one reads (pure).
//
// N1. A record says its version in member `v`; without it, that is 1. Nobody writes the first one.
// N2. Within a version members are added, and a reader passes over those that it does not know. A change that a reader
//     must not pass over, one that takes a right away for instance, is another version.
// N3. What is of a newer version is never guessed at: its reader gets a sentence, and does with it what the page of
//     formats says (infra/docs/formats.ts).

/** The newest version of each record that this program reads, and the one that it writes. */
export const FORMATS = {
  acknowledgement: 1,
  alert: 1,
  assignment: 1,
  "audit record": 1,
  command: 1,
  contract: 1,
  "dead letter": 1,
  device: 1,
  "fleet level": 1,
  ledger: 1,
  "live message": 1,
  position: 1,
  "refill state": 1,
  reject: 1,
  rule: 1,
} as const satisfies Readonly<Record<string, number>>;

export type Format = keyof typeof FORMATS;

/** The word for a version that is no number of any version. */
const shown = (v: unknown): string => (JSON.stringify(v) ?? "none").slice(0, 40);

/** The fault of a record's version, or null (N3). */
export function formatProblem(format: Format, record: unknown): string | null {
  if (typeof record !== "object" || record === null) return null;
  const { v = FORMATS[format] } = record as { readonly v?: unknown };
  const known = FORMATS[format];
  if (!Number.isSafeInteger(v) || (v as number) < 1)
    return `/v is ${shown(v)}, which is no version of a ${format}: a number from 1 on`;
  return (v as number) <= known
    ? null
    : `it is a ${format} of version ${shown(v)}, and this program reads ${known}: upgrade the program`;
}

/**
 * The record, if this program knows its version.
 * @throws Error with the sentence that people read.
 */
export function inKnownFormat<T>(format: Format, record: T): T {
  const problem = formatProblem(format, record);
  if (problem !== null) throw new Error(problem);
  return record;
}
