// What a process needs to do its work, and since when it has it (pure).
//
// H1. Live: nothing but a new start would help. What comes from outside, a server that is away, is never a reason.
// H2. Ready: it does its work now. Whoever is not live is not ready either.
// H3. Started: it was live and ready once; what happens later is no matter of starting.

/** One thing that is so, or is not. */
export interface HealthCheck {
  readonly name: string;
  readonly kind: "live" | "ready";
  /** The reason why it is not so, a clause that stands by itself; null if it is. */
  readonly why: string | null;
}

export const PROBES = ["live", "ready", "started"] as const;
export type Probe = (typeof PROBES)[number];

export interface CheckReport {
  readonly name: string;
  readonly ok: boolean;
  readonly why: string | null;
  /** Since when it is so, or not, epoch ms. */
  readonly sinceMs: number;
}

export interface HealthReport {
  readonly ok: boolean;
  /** One sentence; null if all is well. */
  readonly why: string | null;
  readonly checks: readonly CheckReport[];
}

interface Known extends CheckReport {
  readonly kind: HealthCheck["kind"];
}

/** Remembers since when each check is as it is. */
export class Health {
  #known: readonly Known[] = [];
  #started = false;

  /** Takes what is so now; a check that is not among them any more is forgotten. */
  look(checks: readonly HealthCheck[], nowMs: number): void {
    const before = new Map(this.#known.map((one) => [one.name, one]));
    this.#known = checks.map(({ name, kind, why }) => {
      const ok = why === null;
      const last = before.get(name);
      return { name, kind, ok, why, sinceMs: last?.ok === ok ? last.sinceMs : nowMs };
    });
    this.#started ||= this.#known.every(({ ok }) => ok); // H3
  }

  report(probe: Probe): HealthReport {
    const isAsked = (kind: HealthCheck["kind"]): boolean => probe !== "live" || kind === "live"; // H2
    const checks = this.#known
      .filter(({ kind }) => isAsked(kind))
      .map(({ name, ok, why, sinceMs }) => ({ name, ok, why, sinceMs }));
    if (probe === "started" && this.#started) return { ok: true, why: null, checks };
    const failing = checks.filter(({ ok }) => !ok);
    const why = failing.length === 0 ? null : failing.map((one) => one.why).join("; ");
    return { ok: failing.length === 0, why, checks };
  }
}
