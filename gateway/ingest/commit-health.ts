// Whether a gateway does its work, by what it stores (pure). Its frames leave once a second, so that silence says something.
import type { HealthCheck } from "../../platform/runtime/health.ts";

/** Several heartbeats, and more than a slow disk takes for one. */
const STORED_WITHIN_MS = 5_000;
/** Every try to store ends within seconds, one way or the other. */
const HANGS_MS = 60_000;

export interface CommitFacts {
  readonly state: "ok" | "refusing";
  readonly detail: string;
  readonly nowMs: number;
  readonly partitions: readonly {
    /** The last time at which a try to store began or ended, epoch ms. */
    readonly movedMs: number;
    /** Null before the first. */
    readonly storedMs: number | null;
  }[];
}

/** A gateway is ready while its region's log takes what it acknowledges, whatever the WAN does. */
export function commitChecks({ state, detail, nowMs, partitions }: CommitFacts): HealthCheck[] {
  const seconds = (sinceMs: number): number => Math.round((nowMs - sinceMs) / 1_000);
  const movedMs = Math.min(...partitions.map((one) => one.movedMs));
  const stored = partitions.map(({ storedMs }) => storedMs ?? 0);
  const storedMs = Math.min(...stored);
  const hangs = nowMs - movedMs < HANGS_MS ? null : seconds(movedMs);
  return [
    {
      ...{ name: "frames leave", kind: "live" },
      why: hangs === null ? null : `no frame has left for ${hangs} s, and no try has ended`,
    },
    { name: "the region's log stores", kind: "ready", why: whyUnstored() },
  ];

  function whyUnstored(): string | null {
    if (state === "refusing") return `the region's log does not take frames: ${detail}`;
    if (storedMs === 0) return "the region's log has not stored a frame yet";
    if (nowMs - storedMs < STORED_WITHIN_MS) return null;
    return `the region's log has not stored a frame for ${seconds(storedMs)} s`;
  }
}
