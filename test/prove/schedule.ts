// Which fault happens when: a function of the seed alone, so that a failing run can be had again.

import { randomOf } from "../support/seed.ts";

export const KILLS = [
  "kill-gateway",
  "kill-alerting",
  "kill-nats-region",
  "kill-nats-hub",
  "kill-influxd",
  "kill-aggregator",
  "kill-simulator",
  "kill-notifier",
] as const;
export const FAULT_KINDS = [...KILLS, "wan-cut", "wan-latency", "influx-slow"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Since the devices started. */
  readonly atMs: number;
  /** 0 for a kill. */
  readonly durationMs: number;
  /** Which region it hits, where it is one region's. */
  readonly region: "eu" | "us";
}

const FIRST_AT_MS = 8_000;
const SPACING_MS = 15_000;
const CUT_MS = { least: 5_000, most: 60_000 };
const SLOW_MS = { least: 5_000, most: 15_000 };

/**
 * Faults about every 15 s, dealt from shuffled decks that hold each kind once and the WAN cut twice:
 * ten minutes have at least 20 kills and 5 cuts. A fault may begin while another still lasts; every
 * one is over when the time is.
 */
export function scheduleOf(seed: number, minutes: number): Fault[] {
  const random = randomOf(seed);
  const endMs = minutes * 60_000;
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  for (let slotMs = FIRST_AT_MS; slotMs < endMs - CUT_MS.least; slotMs += SPACING_MS) {
    if (deck.length === 0) deck = shuffled([...FAULT_KINDS, "wan-cut"], random);
    const kind = deck.pop()!;
    const atMs = Math.min(slotMs + Math.floor(random() * SPACING_MS * 0.8), endMs - CUT_MS.least);
    const region = random() < 0.5 ? "eu" : "us";
    const { least, most } = kind === "wan-cut" ? CUT_MS : SLOW_MS;
    const wishedMs = least + Math.floor(random() * (most - least));
    const isKill = KILLS.some((kill) => kill === kind);
    faults.push({ kind, atMs, region, durationMs: isKill ? 0 : Math.min(wishedMs, endMs - atMs) });
  }
  return faults;
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
