// The latency of local alerts beside a steady load, with the WAN there or cut.
import type { AlertingStatus } from "../../../contracts/messages/status.ts";
import { type AlertLatency, probeAlerts } from "../alert-probe.ts";
import { PACED_WINDOW, REFERENCE_CONNECTIONS } from "../ingest/plan.ts";
import { type CoresUsed, coresDuring } from "../processes.ts";
import type { AlertSite, RuleSet } from "./site.ts";

/** Nearly as often as a timer allows: p99.9 needs thousands of alerts. */
const PROBE_EVERY_MS = 10;
/** Each takes half a second's turn. */
const PROBE_DEVICES = 50;

export interface LatencyPlan {
  readonly rules: RuleSet;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly isWanCut: boolean;
}

export interface MeasuredLatency extends AlertLatency, CoresUsed, LatencyPlan {
  readonly connections: number;
  /** Readings acknowledged per second. */
  readonly acknowledgedPerSecond: number;
  /** Rules that the engine gave up; readings that it did not evaluate. */
  readonly rulesDisabled: number;
  readonly unevaluated: number;
}

export async function measureLatency(site: AlertSite, plan: LatencyPlan): Promise<MeasuredLatency> {
  const { generator, gateway, region, engine } = site;
  const { ratePerSecond, seconds, warmupSeconds, isWanCut } = plan;
  const target = gateway.target();
  await generator.open(target, REFERENCE_CONNECTIONS, PACED_WINDOW);
  const load = (length: number) =>
    generator.load({ do: "pace", ratePerSecond, warmupMs: 0, measureMs: length * 1_000 });
  const probe = (length: number): Promise<AlertLatency> =>
    probeAlerts({
      port: target.port,
      seconds: length,
      everyMs: PROBE_EVERY_MS,
      devices: PROBE_DEVICES,
    });
  if (isWanCut) region.wan.cut();
  try {
    await Promise.all([load(warmupSeconds), probe(warmupSeconds)]);
    const { result, used } = await coresDuring(site.pids(), () =>
      Promise.all([load(seconds), probe(seconds)]),
    );
    const [{ perSecond: acknowledgedPerSecond }, latency] = result;
    const { rulesDisabled, late, repeated, unevaluated } = await engine.status<AlertingStatus>();
    return {
      ...plan,
      connections: REFERENCE_CONNECTIONS,
      ...latency,
      ...used,
      acknowledgedPerSecond,
      rulesDisabled: Object.keys(rulesDisabled).length,
      unevaluated: late + repeated + unevaluated,
    };
  } finally {
    if (isWanCut) region.wan.heal();
    await generator.close();
  }
}
