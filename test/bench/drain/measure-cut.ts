// What a WAN cut costs at a steady load: when lanes move again, and when they have caught up.
import { setTimeout as sleep } from "node:timers/promises";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import { eventually } from "../../support/eventually.ts";
import { Generator } from "../ingest/generator.ts";
import { PACED_WINDOW } from "../ingest/plan.ts";
import { makeAggregator, passed, startGateway, startSite } from "./site.ts";

const CONNECTIONS = 100;
const BEFORE_MS = 5_000;
/** The load goes on for this long after the cut; catching up is meant to be over by then. */
const AFTER_MS = 20_000;

export interface Cut {
  readonly ratePerSecond: number;
  readonly cutSeconds: number;
  /** From the healing until the first reading behind the cut is stored. */
  readonly movesAfterSeconds: number;
  /** From the healing until all is stored that the log held then, the load going on. */
  readonly levelAfterSeconds: number;
}

export async function measureCut(ratePerSecond: number, cutSeconds: number): Promise<Cut> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const gateway = await startGateway(stack, site);
  const aggregator = await makeAggregator(stack, site);
  await aggregator.process.start();
  const generator = stack.use(new Generator(1));
  await generator.open(gateway, CONNECTIONS, PACED_WINDOW);
  const measureMs = BEFORE_MS + cutSeconds * 1_000 + AFTER_MS;
  const load = generator.load({ do: "pace", ratePerSecond, warmupMs: 0, measureMs });
  const stored = async (): Promise<number> =>
    (await aggregator.status<AggregatorStatus>()).readingsStored;
  await sleep(BEFORE_MS);
  site.wan.cut();
  await sleep(cutSeconds * 1_000);
  const before = await stored();
  site.wan.heal();
  const healedMs = performance.now();
  const level = passed(aggregator, site);
  await eventually("lanes move", async () => (await stored()) > before, 60_000);
  const movesAfterSeconds = (performance.now() - healedMs) / 1_000;
  await level;
  const levelAfterSeconds = (performance.now() - healedMs) / 1_000;
  await load;
  await generator.close();
  return { ratePerSecond, cutSeconds, movesAfterSeconds, levelAfterSeconds };
}
