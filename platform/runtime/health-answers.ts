// The answers to probes of orchestrators and of people: GET and HEAD on /livez, /readyz and /startupz (pure).
import type { CheckReport, HealthReport, Probe } from "./health.ts";

/** Paths by what they ask. */
export const PROBE_PATHS: ReadonlyMap<string, Probe> = new Map([
  ["/livez", "live"],
  ["/readyz", "ready"],
  ["/startupz", "started"],
]);

export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: string;
}

/** @param verbose with since when each check is as it is. */
export function probeAnswer(
  probe: Probe,
  { ok, why, checks }: HealthReport,
  { verbose, nowMs }: { readonly verbose: boolean; readonly nowMs: number },
): ProbeAnswer {
  const more = ({ sinceMs }: CheckReport) => ({
    since: new Date(sinceMs).toISOString(),
    forSeconds: Math.max(0, Math.round((nowMs - sinceMs) / 1_000)),
  });
  const shown = checks.map((one) => ({
    ...{ name: one.name, ok: one.ok },
    ...(one.why === null ? {} : { why: one.why }),
    ...(verbose ? more(one) : {}),
  }));
  const state = ok ? probe : `not ${probe}`;
  const body = { state, ...(why === null ? {} : { why }), checks: shown };
  return { status: ok ? 200 : 503, body: `${JSON.stringify(body, null, 2)}\n` };
}
