// Breaks one guarantee of the product, to show that the proof notices. Loaded with `--import` into
// the processes of a run by `--sabotage`; the product itself knows nothing of it.
import { registerHooks } from "node:module";
import type { Fault, FaultKind } from "./schedule.ts";

export interface Sabotage {
  readonly patches: readonly Patch[];
  /** Faults that the broken guarantee is for; they come on top of the seed's schedule. */
  readonly provokedBy: readonly Fault[];
}

interface Patch {
  /** End of the module's path. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const at = (kind: FaultKind, atMs: number, durationMs = 0): Fault => ({
  kind,
  atMs,
  durationMs,
  region: "eu",
});

/** Each breaks one guarantee of the product. */
export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  "acknowledge-before-storing": {
    provokedBy: [at("kill-nats-region", 20_000), at("kill-gateway", 20_300)],
    patches: [
      {
        file: "gateway/ingest/commit-log.ts",
        find: "target.callbacks.push(stored);",
        replace: "target.callbacks.push(() => undefined); queueMicrotask(() => stored(null));",
      },
    ],
  },
  "http-answers-before-storing": {
    provokedBy: [16_000, 24_000, 32_000, 40_000, 48_000].flatMap((ms) => [
      at("kill-nats-region", ms),
      at("kill-gateway", ms + 600),
    ]),
    patches: [
      {
        file: "gateway/http/intake.ts",
        find: "    return new Promise((resolve) => {\n      pipeline.publish(",
        replace:
          "    return new Promise((resolve) => {\n      repeats.early = () => resolve([STORED]);\n      pipeline.publish(",
      },
      {
        file: "gateway/http/intake.ts",
        find: "else this.fresh += 1;",
        replace:
          "else { this.fresh += 1; if (reading.element === undefined) queueMicrotask(this.early); }",
      },
    ],
  },
  "no-reading-identity": {
    provokedBy: [at("kill-gateway", 20_000)],
    patches: [
      {
        file: "cloud/aggregator/places.ts",
        find: "if (there === identity) return REPEATED;",
        replace: "",
      },
    ],
  },
  // Every count stays right.
  "wrong-statistics": {
    provokedBy: [],
    patches: [
      {
        file: "cloud/aggregator/quantiles.ts",
        find: "qs.map((q) => this.#values[Math.floor(q * last)]!)",
        replace: "qs.map((q) => this.#values[Math.floor((1 - q) * last)]!)",
      },
      {
        file: "cloud/aggregator/quantiles.ts",
        find: "qs.map((q) => estimate(counted, Math.floor(q * last)))",
        replace: "qs.map((q) => estimate(counted, Math.floor((1 - q) * last)))",
      },
      {
        file: "cloud/aggregator/moments.ts",
        find: "const degrees = count * (count - 1);",
        replace: "const degrees = count * count;",
      },
    ],
  },
  "position-saved-early": {
    provokedBy: [at("influx-slow", 20_000, 8_000), at("kill-aggregator", 25_000)],
    patches: [
      {
        file: "cloud/aggregator/lane-aggregate.ts",
        find: "this.#unacknowledged.push({ seq, storeMs, after: this.#state, terms });",
        replace:
          "this.#unacknowledged.push({ seq, storeMs, after: this.#state, terms }); this.acknowledged(seq);",
      },
    ],
  },
  "message-id-without-partition": {
    provokedBy: [],
    patches: [
      {
        file: "contracts/messages/frame.ts",
        find: "`${header.gateway}:${header.epoch}:${partition}:${header.n}`",
        replace: "`${header.gateway}:${header.epoch}:${header.n}`",
      },
      // The gateway notices by itself and stops; without that, acknowledged readings vanish.
      {
        file: "gateway/ingest/commit-log.ts",
        find: "if (duplicate && attempt === 1)",
        replace: "if (duplicate && attempt === 0)",
      },
    ],
  },
  "repair-marks-in-memory": {
    provokedBy: [20, 30, 40, 50, 60, 70, 80].map((s) => at("kill-aggregator", s * 1_000)),
    patches: [
      {
        file: "cloud/aggregator/repair-marks.ts",
        find: "yield* this.#marks.values();",
        replace: "yield* [];",
      },
    ],
  },
  "rules-forget-on-restart": {
    provokedBy: [25, 40, 55, 70, 85].map((s) => at("kill-alerting", s * 1_000)),
    patches: [
      {
        file: "gateway/alerting/alerting-lane.ts",
        find: "this.#restore(saved?.snapshot ?? null, saved?.seq ?? 0)",
        replace: "this.#restore(null, saved?.seq ?? 0)",
      },
    ],
  },
  "alerts-without-identity": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/alerting/lane/lane-rules.ts",
        find: "if (!this.#isNew(contract, reading, eventMs))",
        replace: "if (false)",
      },
    ],
  },
  "late-alerts-lost": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/alerting/lane/rule-evaluation.ts",
        find: "const late = openLate(state);",
        replace: "const late = openLate(state); if (late) continue;",
      },
    ],
  },
  // Each of the following is for strangers (strangers/): our own fleet would never notice.
  "equal-readings-are-one": {
    provokedBy: [],
    patches: [
      {
        file: "contracts/messages/identity.ts",
        find: "return PLACED;",
        replace: "return 0;",
      },
    ],
  },
  "spelling-is-identity": {
    provokedBy: [],
    patches: [
      {
        file: "contracts/messages/identity.ts",
        find: "    mix.number(eventMs);",
        replace: "    mix.text(String(payload[contract.timeProperty!]));",
      },
    ],
  },
  "sequence-is-identity": {
    provokedBy: [],
    patches: [
      {
        file: "contracts/messages/identity.ts",
        find: "    if (value === undefined || value === null) continue;",
        replace:
          '    if (value === undefined || (contract.identity === "sequence" && kind !== "sequence")) continue;',
      },
    ],
  },
  "late-readings-count-as-now": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/alerting/lane/rule-evaluation.ts",
        find: "const isLate = lateMs > state.compiled.lateAfterMs;",
        replace: "const isLate = false;",
      },
    ],
  },
  "negative-quantiles-turned": {
    provokedBy: [],
    patches: [
      {
        file: "cloud/aggregator/quantiles.ts",
        find: "return -negative.falling(rank);",
        replace: "return -negative.rising(rank);",
      },
    ],
  },
  "bridges-repeat-readings": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/ingest/bridge-memory.ts",
        find: "if (retain && isFirst) {",
        replace: "if (false) {",
      },
    ],
  },
  "whole-readings-remembered": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/alerting/rules/kinds/composite.ts",
        find: "remember((joined[alias] ??= {}), used, values, timeMs);",
        replace: "remember((joined[alias] = {}), used, values, timeMs);",
      },
    ],
  },
  "contests-untold": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/presence/contested-ids.ts",
        find: "seen.contestedMs = nowMs;",
        replace: "seen.contestedMs = null;",
      },
    ],
  },
  "some-rejects-not-kept": {
    provokedBy: [],
    patches: [
      {
        file: "gateway/ingest/ingest.ts",
        find: "rejectLog.append(reject, signal, knownId),",
        replace:
          "reject.receivedAtMs % 5 > 0 ? rejectLog.append(reject, signal, knownId) : Promise.resolve(),",
      },
    ],
  },
  "set-aside": {
    provokedBy: [],
    patches: [
      {
        file: "platform/nats/lanes/set-aside.ts",
        find: "logger.error({ kind, reason, ...place, err }, `set aside: ${detail}`);",
        replace: "if (kind !== '') return;",
      },
    ],
  },
  "ledger-term-left-out": {
    provokedBy: [],
    patches: [
      {
        file: "cloud/aggregator/frame-effects.ts",
        find: 'terms.add(contract.name, "repeats");',
        replace: "",
      },
    ],
  },
  // Two counts that began apart, as after an upgrade; later one of them is wrong, and the steward is killed: a difference
  // that was there before a restart must be open after it.
  "ledger-forgets-on-restart": {
    provokedBy: [at("kill-steward", 46_000), at("kill-steward", 54_000)],
    patches: [
      {
        file: "platform/nats/lanes/lane-tally.ts",
        find: "newestStoreMs === 0 && n === 1 ? 0 : storeMs;",
        replace:
          'newestStoreMs === 0 && n === 1 && !process.argv[1].includes("alerting") ? 0 : storeMs;',
      },
      {
        file: "platform/nats/lanes/lane-tally.ts",
        find: "  const counts = countsOf(frame);",
        replace:
          '  const counts = countsOf(frame); if (process.argv[1].includes("alerting") && (globalThis.countedSince ??= storeMs) < storeMs - 36_000 && (globalThis.countedWrongly ??= 0) < 40) for (const name of counts.keys()) { counts.set(name, counts.get(name) + 1); globalThis.countedWrongly += 1; }',
      },
    ],
  },
  "frame-totals-wrong": {
    provokedBy: [at("kill-steward", 40_000)],
    patches: [
      {
        file: "gateway/ingest/commit-log.ts",
        find: "partition.total += readings.length;",
        replace: "partition.total += readings.length + (partition.n === 50 ? 1 : 0);",
      },
    ],
  },
  "mail-noted-before-it-leaves": {
    provokedBy: [25, 35, 45, 55, 65, 75, 85].map((s) => at("kill-notifier", s * 1_000)),
    patches: [
      {
        file: "cloud/notifier/delivery.ts",
        find: "const answer = await channel.send(message, spans.traceparent);",
        replace:
          "await parts.onSettled(); await new Promise((go) => setTimeout(go, 300)); const answer = await channel.send(message, spans.traceparent);",
      },
      {
        file: "cloud/notifier/delivery.ts",
        find: '"delivered");\n    await parts.onSettled();',
        replace: '"delivered");',
      },
    ],
  },
};

/** Patches modules as they are loaded. A patch that no longer applies stops the process. */
function sabotage(mode: string): void {
  const patches = SABOTAGES[mode]?.patches;
  if (!patches) throw new Error(`no such sabotage: ${mode}`);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const own = patches.filter(({ file }) => url.endsWith(file));
      if (own.length === 0) return loaded;
      let source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
      for (const { file, find, replace } of own) {
        if (source.split(find).length !== 2) throw new Error(`${mode}: ${file} has changed`);
        source = source.replace(find, () => replace);
      }
      return { ...loaded, source };
    },
  });
}

const { SKERRY_PROVE_SABOTAGE: mode } = process.env;
if (mode !== undefined) sabotage(mode);
