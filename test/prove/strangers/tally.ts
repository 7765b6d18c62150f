// What became of what strangers sent, against what had to (pure). Bounds are exact where PUBACKs make them so: what
// was acknowledged is there, and nothing is there that was not sent.
import { REFUSED_FROM } from "../../../device-sim/mqtt-link.ts";
import type { ReadingFate, RejectFate, Sent } from "./sent.ts";
import type { Evidence } from "./stranger.ts";

export interface Tally {
  /** Publications that went out. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Points of their devices. */
  readonly stored: number;
  readonly rejected: number;
  /** One line for each device and thing that is wrong. */
  readonly wrong: readonly string[];
}

interface Bounds {
  least: number;
  most: number;
}

/** One thing of each, for whoever has to look into it. */
const SHOWN_CHARS_MAX = 120;

export function tallyOf(sent: readonly Sent[], evidence: Evidence): Tally {
  const wrong = [...wrongAnswers(sent)];
  const [stored, points] = comparePoints(sent, evidence);
  const [rejected, rejects] = compareRejects(sent, evidence);
  return {
    sent: sent.filter(({ attempts }) => attempts > 0).length,
    acknowledged: sent.filter(({ answer }) => answer !== null).length,
    stored,
    rejected,
    wrong: [...wrong, ...points, ...rejects],
  };
}

/** A device must not hear that its good reading was refused. */
function* wrongAnswers(sent: readonly Sent[]): Iterable<string> {
  const refused = sent.filter(
    ({ answer, fates }) =>
      (answer ?? 0) >= REFUSED_FROM && fates.every(({ becomes }) => becomes === "reading"),
  );
  const [first] = refused;
  if (first) yield `${refused.length} good readings refused, the first on ${first.topic}`;
}

export const seriesName = (of: { region: string; contract: string; device: string }): string =>
  `${of.region}/${of.contract}/${of.device}`;

/** The series of InfluxDB that strangers' readings belong to. */
export function seriesOf(sent: readonly Sent[]) {
  const all = new Map<
    string,
    { region: Sent["region"]; contract: string; device: string; fates: [Sent, ReadingFate][] }
  >();
  for (const one of sent)
    for (const fate of one.fates) {
      if (fate.becomes !== "reading") continue;
      const { contract, device } = fate;
      const name = seriesName({ region: one.region, contract, device });
      let series = all.get(name);
      if (!series) all.set(name, (series = { region: one.region, contract, device, fates: [] }));
      series.fates.push([one, fate]);
    }
  return all;
}

function comparePoints(sent: readonly Sent[], evidence: Evidence): [number, string[]] {
  const wrong: string[] = [];
  let stored = 0;
  for (const [name, series] of seriesOf(sent)) {
    const isTimed = series.fates.some(([, { ms }]) => ms !== null);
    const restarts = evidence.gatewayRestarts[series.region];
    const bounds = new Map<string, Bounds>();
    for (const [one, fate] of series.fates) widen(bounds, one, fate, restarts);
    const counts = new Map<string, number>();
    for (const { time, region: _, device: __, ...values } of evidence.points(series)) {
      stored += 1;
      const ms = isTimed ? Date.parse(String(time)) : null;
      const key = keyOf(ms, values);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    wrong.push(...outOfBounds(name, bounds, counts));
  }
  return [stored, wrong];
}

/** The least and the most that there may be of a thing, by each publication of it. */
function widen(all: Map<string, Bounds>, sent: Sent, fate: ReadingFate, restarts: number): void {
  const key = keyOf(fate.ms, fate.values);
  let bounds = all.get(key);
  if (!bounds) all.set(key, (bounds = { least: 0, most: 0 }));
  if (fate.by === "content") {
    if (sent.answer !== null) bounds.least = 1;
    if (sent.attempts > 0) bounds.most = 1;
  } else if (fate.by === "place") {
    if (sent.answer !== null) bounds.least += 1;
    // A PUBACK that was lost makes it two: nothing tells the second from a new one.
    bounds.most += sent.attempts;
  } else bounds.most += Math.min(sent.attempts, restarts);
}

function* outOfBounds(
  name: string,
  all: ReadonlyMap<string, Bounds>,
  counts: ReadonlyMap<string, number>,
): Iterable<string> {
  const missing: string[] = [];
  const twice: string[] = [];
  const unknown: string[] = [];
  const note = (into: string[], key: string, count: number): void => {
    for (let at = 0; at < count; at++) into.push(key);
  };
  for (const [key, { least, most }] of all) {
    const count = counts.get(key) ?? 0;
    if (count < least) note(missing, key, least - count);
    if (count > most) note(twice, key, count - most);
  }
  for (const [key, count] of counts) if (!all.has(key)) note(unknown, key, count);
  for (const [what, keys] of Object.entries({ missing, "too many": twice, unknown }))
    if (keys.length > 0)
      yield `${name}: ${keys.length} ${what}, the first ${keys[0]!.slice(0, SHOWN_CHARS_MAX)}`;
}

/** Absent fields of a point are null, and integers and numbers are equal. */
const keyOf = (ms: number | null, values: Readonly<Record<string, unknown>>): string =>
  JSON.stringify([
    ms,
    ...Object.entries(values)
      .filter(([, value]) => value !== null)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

function compareRejects(sent: readonly Sent[], evidence: Evidence): [number, string[]] {
  const wrong: string[] = [];
  let rejected = 0;
  for (const [region, ofRegion] of Map.groupBy(sent, (one) => one.region)) {
    const bounds = new Map<string, Map<string, Bounds>>();
    for (const one of ofRegion)
      for (const fate of one.fates) {
        if (fate.becomes !== "reject") continue;
        let ofDevice = bounds.get(fate.device);
        if (!ofDevice) bounds.set(fate.device, (ofDevice = new Map<string, Bounds>()));
        const key = rejectKey(fate.reason, one.topic, base64(one.payload));
        // A re-send that the gateway does not know again is kept again.
        const { least, most } = ofDevice.get(key) ?? { least: 0, most: 0 };
        ofDevice.set(key, {
          least: one.answer === null ? least : 1,
          most: most + one.attempts,
        });
      }
    for (const [device, ofDevice] of bounds) {
      const counts = new Map<string, number>();
      for (const one of evidence.rejects[region]) {
        if (one.device !== device) continue;
        rejected += 1;
        const key = rejectKey(one.reason, one.topic, one.payload);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      wrong.push(...outOfBounds(`rejects of ${region}/${device}`, ofDevice, counts));
    }
  }
  return [rejected, wrong];
}

const base64 = (payload: string | Buffer): string => Buffer.from(payload).toString("base64");

const rejectKey = (reason: RejectFate["reason"], topic: string, payload: string): string =>
  `${reason} ${topic} ${payload}`;
