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
/** One server of a cluster of three dies, and comes back: only where there are clusters. */
export const NODE_KILLS = [
  "kill-nats-hub-1",
  "kill-nats-hub-2",
  "kill-nats-hub-3",
  "kill-nats-eu-1",
  "kill-nats-eu-2",
  "kill-nats-eu-3",
] as const;
export type NodeKill = (typeof NODE_KILLS)[number];
export const FAULT_KINDS = [...KILLS, ...FREEZES, "wan-cut", "wan-latency", "influx-slow"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number] | NodeKill;
export const isNodeKill = (kind: FaultKind): kind is NodeKill =>
  NODE_KILLS.some((one) => one === kind);

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
/** So that no node dies by the same numbers as what is beside it. */
const NODE_SEED = 1_000_003;
const FIRST_NODE_AT_MS = 14_000;
const NODE_SPACING_MS = 27_000;
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

/**
 * Kills of servers of clusters about every 27 s, each server once in six of them: 21 in ten minutes, beside the
 * faults of {@link scheduleOf}.
 */
export function nodeKillsOf(seed: number, minutes: number): Fault[] {
  const random = randomOf(seed + NODE_SEED);
  const faults: Fault[] = [];
  let deck: NodeKill[] = [];
  for (let slotMs = FIRST_NODE_AT_MS; ; slotMs += NODE_SPACING_MS) {
    const atMs = slotMs + Math.floor(random() * NODE_SPACING_MS * 0.5);
    if (atMs > minutes * 60_000 - CUT_MS.least) return faults;
    if (deck.length === 0) deck = shuffled([...NODE_KILLS], random);
    // Those of the hub stop what comes from either region.
    const region = random() < 0.5 ? "eu" : "us";
    const kind = deck.pop()!;
    faults.push({ kind, atMs, durationMs: 0, region: isOfRegion(kind) ? "eu" : region });
  }
}

const isOfRegion = (kind: NodeKill): boolean => kind.startsWith("kill-nats-eu-");

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
