// Retention policies of an InfluxDB 1.x: which records are in which, asked of InfluxDB itself, so that writers and
// readers need no option of their own.
//
// Y1. Finals of a long window are in the policy that is named after the window, where there is one; everything else is
//     in the default one. Readers look into both: what was written before there was one is read where it is.
// Y2. Policies are asked for again after KNOWN_FOR_MS: one that was made or dropped meanwhile is noticed.
import { DAY, HOUR, MINUTE, type RollupWindow } from "../../../contracts/names/measurements.ts";
import { type InfluxClient, type Row, quoteName } from "./client.ts";

/** Windows whose finals may have a policy of their own, of that name. */
export const OWN_POLICIES = [MINUTE.name, HOUR.name, DAY.name] as const;
export type OwnPolicy = (typeof OWN_POLICIES)[number];

const KNOWN_FOR_MS = 15_000;
/** A measurement ends at its first comma; a backslash before a character keeps it. */
const OF_LINE = new RegExp(`^(?:\\\\.|[^\\\\, ])*_(${OWN_POLICIES.join("|")}),`);

/** The policy that a line belongs to, if there is one of that name. */
export const policyOfLine = (line: string): OwnPolicy | null =>
  (OF_LINE.exec(line)?.[1] as OwnPolicy | undefined) ?? null;

export interface Policy {
  readonly name: string;
  /** Null for ever. */
  readonly durationMs: number | null;
  readonly isDefault: boolean;
}

/** Asks for policies: a bucket has none. */
export type PolicyClient = Pick<InfluxClient, "query"> & Partial<Pick<InfluxClient, "hasPolicies">>;

/** Policies of the client's database. @throws AppError as `query` does. */
export const policiesOf = async (client: PolicyClient): Promise<Policy[]> =>
  (await client.query("SHOW RETENTION POLICIES")).map(policyOf);

const policyOf = (row: Row): Policy => ({
  name: String(row["name"]),
  durationMs: goDurationMs(String(row["duration"])),
  isDefault: row["default"] === true,
});

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000 };

/** `720h0m0s` in milliseconds; null for `0s`, which means for ever. */
export function goDurationMs(text: string): number | null {
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+)([hms])/g))
    ms += Number(count) * UNIT_MS[unit]!;
  return ms === 0 ? null : ms;
}

export class KnownPolicies {
  readonly #client: PolicyClient;
  readonly #nowMs: () => number;
  #askedMs = Number.NEGATIVE_INFINITY;
  #known: readonly Policy[] = [];
  #asking: Promise<void> = Promise.resolve();

  constructor(client: PolicyClient, nowMs: () => number = Date.now) {
    this.#client = client;
    this.#nowMs = nowMs;
  }

  /** The policy to write a line to; undefined for the default one, which is also right while InfluxDB says nothing (Y1). */
  async target(own: OwnPolicy | null): Promise<OwnPolicy | undefined> {
    if (own === null || this.#client.hasPolicies === false) return undefined;
    if (this.#nowMs() - this.#askedMs >= KNOWN_FOR_MS) {
      this.#askedMs = this.#nowMs(); // Y2
      this.#asking = policiesOf(this.#client)
        .then((known) => void (this.#known = known))
        .catch(() => void (this.#askedMs = Number.NEGATIVE_INFINITY));
    }
    await this.#asking;
    return this.#known.some(({ name }) => name === own) ? own : undefined;
  }

  /** The sources of a measurement of finals, as they follow FROM (Y1). */
  async from(measurement: string, window: RollupWindow): Promise<string> {
    const name = quoteName(measurement);
    const own = OWN_POLICIES.find((one) => one === window.name);
    const policy = await this.target(own ?? null);
    return policy === undefined ? name : `${quoteName(policy)}.${name}, ${name}`;
  }
}
