// The latency of local alerts, before and while an aggregator drains a backlog beside them.
import { setTimeout as sleep } from "node:timers/promises";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import { PROBE_RULE, probeAlerts } from "../alert-probe.ts";
import { Generator } from "../ingest/generator.ts";
import type { Percentiles } from "../ingest/measure.ts";
import { PACED_WINDOW } from "../ingest/plan.ts";
import { writeBacklog } from "./backlog.ts";
import { type BacklogSize, backlogOf } from "./measure-drain.ts";
import {
  makeAggregator,
  mirrored,
  passed,
  startAlerting,
  startGateway,
  startSite,
} from "./site.ts";

const LOAD = { connections: 100, ratePerSecond: 1_000 };

export interface AlertsBesideDrain {
  readonly ratePerSecond: number;
  /** From a device's publish to the local MQTT alert, ms. */
  readonly beforeMs: Percentiles;
  readonly duringMs: Percentiles;
  readonly alertsBefore: number;
  readonly alertsDuring: number;
  /** What the aggregator did meanwhile. */
  readonly readingsPerSecond: number;
}

export async function measureAlerts(
  size: BacklogSize,
  seconds: number,
): Promise<AlertsBesideDrain> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const gateway = await startGateway(stack, site);
  const { port } = gateway;
  const alerting = await startAlerting(stack, site, [PROBE_RULE]);
  await writeBacklog(site.region, backlogOf(size));
  await mirrored(site);
  await passed(alerting, site);

  const generator = stack.use(new Generator(1));
  await generator.open(gateway, LOAD.connections, PACED_WINDOW);
  const { ratePerSecond } = LOAD;
  const command = { do: "pace", ratePerSecond, warmupMs: 0, measureMs: seconds * 1_000 } as const;
  // What is compiled and cached on the way is not measured.
  await Promise.all([
    generator.load({ ...command, measureMs: 2_000 }),
    probeAlerts({ port, seconds: 2 }),
  ]);
  const [, before] = await Promise.all([generator.load(command), probeAlerts({ port, seconds })]);
  const aggregator = await makeAggregator(stack, site);
  await aggregator.process.start();
  const stored = async (): Promise<number> =>
    (await aggregator.status<AggregatorStatus>()).readingsStored;
  while ((await stored()) === 0) await sleep(20);
  const [storedBefore, startMs] = [await stored(), performance.now()];
  const [, during] = await Promise.all([generator.load(command), probeAlerts({ port, seconds })]);
  const readingsPerSecond =
    ((await stored()) - storedBefore) / ((performance.now() - startMs) / 1_000);
  if ((await stored()) >= size.readings)
    throw new Error("the backlog was drained before the alerts were measured: make it larger");
  await generator.close();
  return {
    ratePerSecond,
    beforeMs: before.publishMs,
    duringMs: during.publishMs,
    alertsBefore: before.alerts,
    alertsDuring: during.alerts,
    readingsPerSecond,
  };
}
