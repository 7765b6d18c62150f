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
  "kill-steward",
] as const;
/** It gets no time for a while, longer and shorter than a lease is trusted: its clock jumps, its sockets stay. */
export const FREEZES = [
  "freeze-gateway",
  "freeze-alerting",
  "freeze-nats-region",
  "freeze-nats-hub",
  "freeze-influxd",
  "freeze-aggregator",
] as const;
export const FAULT_KINDS = [...KILLS, ...FREEZES, "wan-cut", "wan-latency", "influx-slow"] as const;
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
const SPACING_MS = 12_000;
const CUT_MS = { least: 5_000, most: 60_000 };
const SLOW_MS = { least: 5_000, most: 15_000 };
const FREEZE_MS = { least: 1_000, most: 5_000 };
/** Freezes in a deck, any of them. */
const FREEZES_DEALT = 3;

/**
 * Faults about every 12 s, dealt from shuffled decks that hold each kind once, the WAN cut twice and three of
 * the freezes: ten minutes have at least 20 kills and 5 cuts. A fault may begin while another still lasts; every
 * one is over when the time is.
 */
export function scheduleOf(seed: number, minutes: number): Fault[] {
  const random = randomOf(seed);
  const endMs = minutes * 60_000;
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  for (let slotMs = FIRST_AT_MS; slotMs < endMs - CUT_MS.least; slotMs += SPACING_MS) {
    if (deck.length === 0) deck = deckOf(random);
    const kind = deck.pop()!;
    const atMs = Math.min(slotMs + Math.floor(random() * SPACING_MS * 0.8), endMs - CUT_MS.least);
    const region = random() < 0.5 ? "eu" : "us";
    const isKill = KILLS.some((kill) => kill === kind);
    const isFreeze = FREEZES.some((freeze) => freeze === kind);
    const { least, most } = kind === "wan-cut" ? CUT_MS : isFreeze ? FREEZE_MS : SLOW_MS;
    const wishedMs = least + Math.floor(random() * (most - least));
    faults.push({ kind, atMs, region, durationMs: isKill ? 0 : Math.min(wishedMs, endMs - atMs) });
  }
  return faults;
}

function deckOf(random: () => number): FaultKind[] {
  const freezes = shuffled([...FREEZES], random).slice(0, FREEZES_DEALT);
  const others = FAULT_KINDS.filter((kind) => !FREEZES.some((freeze) => freeze === kind));
  return shuffled([...others, "wan-cut", ...freezes], random);
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
