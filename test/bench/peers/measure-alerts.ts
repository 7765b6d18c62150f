// From a device's publish to the alert at a subscriber: this product, and Mosquitto with eKuiper, under the same load.
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { type AlertLatency, PROBE_RULE, probeAlerts } from "../alert-probe.ts";
import { measureLatency } from "../alerts/measure-latency.ts";
import { startAlertSite } from "../alerts/site.ts";
import { Generator } from "../ingest/generator.ts";
import { PACED_WINDOW, REFERENCE_CONNECTIONS } from "../ingest/plan.ts";
import { startMosquitto } from "../ingest/targets.ts";
import { type CoresUsed, coresDuring } from "../processes.ts";
import { type SqlRule, startEkuiper } from "./ekuiper.ts";

export interface AlertsPlan {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Thresholds: one that the probes break, and others that nothing breaks. */
  readonly rules: number;
}

export interface MeasuredAlerts extends CoresUsed {
  readonly name: string;
  readonly rules: number;
  readonly probes: number;
  readonly alerts: number;
  readonly publishMs: AlertLatency["publishMs"];
}

export async function measureOurAlerts(plan: AlertsPlan): Promise<MeasuredAlerts> {
  await using stack = new AsyncDisposableStack();
  const site = await startAlertSite(stack, {
    rules: "thresholds",
    ruleCount: plan.rules,
    over: "10s",
    profile: undefined,
    links: "clear",
  });
  const measured = await measureLatency(site, { ...plan, rules: "thresholds", isWanCut: false });
  return { ...measured, name: "this product", rules: plan.rules };
}

/** As the thresholds of this product's row, without what clears: SQL over single readings has no state. */
const sqlRules = (rules: number): SqlRule[] => [
  { id: PROBE_RULE.id, where: PROBE_RULE.when },
  ...Array.from({ length: rules - 1 }, (_, at) => ({
    id: `bench-${at}`,
    where: `temperature > ${60 + at}.5`,
  })),
];

export async function measureEkuiper(
  plan: AlertsPlan,
  of: { readonly distribution: string; readonly mosquitto: string },
): Promise<MeasuredAlerts> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const broker = await startMosquitto(of.mosquitto)(stack, directory);
  const { distribution } = of;
  const rules = sqlRules(plan.rules);
  const ekuiper = await startEkuiper(stack, { distribution, directory, broker, rules });
  // Rules answer before they have subscribed.
  await sleep(3_000);
  const generator = stack.use(new Generator(1));
  await generator.open(broker, REFERENCE_CONNECTIONS, PACED_WINDOW);
  const { ratePerSecond } = plan;
  const both = (seconds: number): Promise<[unknown, AlertLatency]> =>
    Promise.all([
      generator.load({ do: "pace", ratePerSecond, warmupMs: 0, measureMs: seconds * 1_000 }),
      probeAlerts({ port: broker.port, seconds, everyMs: 10, isAlternating: false }),
    ]);
  await both(plan.warmupSeconds);
  const pids = {
    mosquitto: broker.pids.broker,
    ekuiper,
    generator: generator.pids[0]!,
    benchmark: process.pid,
  };
  const { result, used } = await coresDuring(pids, () => both(plan.seconds));
  return { ...result[1], ...used, name: "Mosquitto + eKuiper", rules: plan.rules };
}
