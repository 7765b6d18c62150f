// Whether a process gets on that looks at an installation once a second (pure).
import type { HealthCheck } from "../../platform/runtime/health.ts";

/** Several looks at several regions that do not answer. */
const FRESH_MS = 15_000;
/** A look that takes so long hangs: nothing that it asks may. */
const HANGS_MS = 60_000;

export interface LooksFacts {
  /** The last look, epoch ms; null before the first. */
  readonly atMs: number | null;
  /** True while its nats-server does not answer. */
  readonly isHindered: boolean;
}

/** Live and ready by the age of its last look. */
export function insightChecks({ atMs, isHindered }: LooksFacts, nowMs: number): HealthCheck[] {
  const ageMs = atMs === null ? null : nowMs - atMs;
  const old = `it has not looked at the installation for ${Math.round((ageMs ?? 0) / 1_000)} s`;
  const ready = ageMs === null ? "it has not looked at the installation yet" : old;
  const isFresh = ageMs !== null && ageMs < FRESH_MS;
  const hangs = !isHindered && ageMs !== null && ageMs >= HANGS_MS;
  return [
    {
      ...{ name: "looks get on", kind: "live" },
      why: hangs ? `${old}, and nothing is known to be in its way` : null,
    },
    { name: "looks at the installation", kind: "ready", why: isFresh ? null : ready },
  ];
}
