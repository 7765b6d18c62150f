// Whether InfluxDB's part of a backup can be put back: it is restored into an influxd of its own, where every measurement is
// counted, day by day, and held against a running InfluxDB if one is named.
import { InfluxClient, quoteName } from "../../../cloud/sinks/influx/client.ts";
import type { InfluxTarget } from "../../../cloud/sinks/influx/client.ts";
import { policiesOf } from "../../../cloud/sinks/influx/policies.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { dispositionOf } from "../../../platform/runtime/errors.ts";

const DAY_MS = 86_400_000;
/** Readings come late by that much, and days that are older change no more. */
const SETTLED_MS = 8 * DAY_MS;
const ANSWER_WITHIN_MS = 600_000;
const OPEN_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 250;

export interface MeasurementVerdict {
  readonly policy: string;
  readonly measurement: string;
  readonly points: number;
  /** Days on which both hold as many; null if no running one was named. */
  readonly same: number | null;
  /** Days of which the running one has more, or fewer: written since, or dropped. */
  readonly changed: number;
  /** Clauses; none if nothing lacks. */
  readonly faults: readonly string[];
}

/** Points by day, epoch ms. */
type Days = ReadonlyMap<number, number>;

/** Counts what is in a restored database. */
export async function verifyInflux(
  scratch: InfluxTarget,
  running: InfluxTarget | null,
  startedMs: number,
): Promise<MeasurementVerdict[]> {
  const [own, other] = [scratch, running].map(
    (target) => target && new InfluxClient(target, ANSWER_WITHIN_MS),
  ) as [InfluxClient, InfluxClient | null];
  const verdicts: MeasurementVerdict[] = [];
  for (const { name: policy } of await policiesOf(own))
    for (const { name } of await patiently(() => own.query("SHOW MEASUREMENTS"))) {
      const measurement = String(name);
      const restored = await daysOf(own, policy, measurement, startedMs);
      const live = other && (await daysOf(other, policy, measurement, startedMs));
      const points = sum(restored);
      if (points > 0 || (live && sum(live) > 0))
        verdicts.push({ policy, measurement, points, ...held(restored, live, startedMs) });
    }
  return verdicts;
}

/** The most points of any field on each day, until the backup began. */
async function daysOf(
  client: InfluxClient,
  policy: string,
  measurement: string,
  untilMs: number,
): Promise<Days> {
  const source = `${quoteName(policy)}.${quoteName(measurement)}`;
  const rows = await patiently(() =>
    client.query(
      `SELECT count(*) FROM ${source} WHERE time >= 0 AND time < ${untilMs}ms GROUP BY time(1d) fill(none)`,
    ),
  );
  return new Map(
    rows.map(({ time, ...counts }) => [
      Date.parse(String(time)),
      Math.max(0, ...Object.values(counts).map(Number)),
    ]),
  );
}

/** Shards that were just restored are not open at once: `shard is disabled`. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + OPEN_WITHIN_MS; ;)
    try {
      return await ask();
    } catch (error) {
      if (dispositionOf(error) !== "retry" || performance.now() > until) throw error;
      await sleep(ASK_EVERY_MS);
    }
}

/** Days before the last ones do not grow any more: whoever has more of them has what the backup lacks (pure). */
export function held(
  restored: Days,
  live: Days | null,
  startedMs: number,
): Pick<MeasurementVerdict, "same" | "changed" | "faults"> {
  if (!live) return { same: null, changed: 0, faults: [] };
  let [same, changed] = [0, 0];
  const faults: string[] = [];
  for (const day of new Set([...restored.keys(), ...live.keys()])) {
    const [had, has] = [restored.get(day) ?? 0, live.get(day) ?? 0];
    if (had === has) same++;
    else changed++;
    if (has > had && day < startedMs - SETTLED_MS)
      faults.push(
        `${had} points of ${new Date(day).toISOString().slice(0, 10)}, and the running InfluxDB has ${has}`,
      );
  }
  return { same, changed, faults };
}

const sum = (days: Days): number => [...days.values()].reduce((total, points) => total + points, 0);
