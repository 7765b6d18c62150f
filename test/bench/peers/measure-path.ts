// From a device's clock to InfluxDB's answer: this product, and Mosquitto with Telegraf, by one ruler.
import { setTimeout as sleep } from "node:timers/promises";
import { startInflux } from "../../support/influx.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { makeAggregator, startGateway, startSite } from "../drain/site.ts";
import { Generator } from "../ingest/generator.ts";
import { PACED_WINDOW, REFERENCE_CONNECTIONS } from "../ingest/plan.ts";
import { type Target, startMosquitto } from "../ingest/targets.ts";
import { type CoresUsed, coresDuring } from "../processes.ts";
import { type Flush, startTelegraf } from "./telegraf.ts";
import { type TimedStore, startTimedStore } from "./timed-store.ts";

export interface PathPlan {
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}

export interface MeasuredPath extends CoresUsed {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** PUBACKs, the warm-up's too, and lines of readings that the store has taken by the end. */
  readonly acknowledged: number;
  readonly stored: number;
}

/** Nothing more was stored for this long: the path is empty. */
const QUIET_MS = 12_000;
const MEASUREMENT = "environment";

export async function measureOurs(
  plan: PathPlan,
  profileDirectory?: string,
): Promise<MeasuredPath> {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack);
  const store = stack.use(await startTimedStore(site.influx.url, MEASUREMENT));
  const target = await startGateway(stack, site);
  const { influx } = site;
  const timed = { ...site, influx: { ...influx, url: store.url } };
  const aggregator = await makeAggregator(stack, timed, profileDirectory);
  await aggregator.process.start();
  const pids = {
    gateway: target.pids.broker,
    aggregator: aggregator.process.pid!,
    region: site.nats.region("eu").process.pid!,
    hub: site.nats.hub.process.pid!,
    store: influx.process.pid!,
  };
  const measured = await measure(stack, { name: "this product", plan, store, target, pids });
  // A profile is written when the process ends by itself.
  if (profileDirectory !== undefined) await aggregator.process.stop("SIGTERM");
  return measured;
}

export async function measureTelegraf(
  plan: PathPlan,
  of: { readonly telegraf: string; readonly mosquitto: string; readonly flush: Flush },
): Promise<MeasuredPath> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const influx = stack.use(await startInflux());
  const store = stack.use(await startTimedStore(influx.url, MEASUREMENT));
  const broker = await startMosquitto(of.mosquitto)(stack, directory);
  const { telegraf: program, flush } = of;
  const telegraf = await startTelegraf(stack, {
    program,
    directory,
    broker,
    storeUrl: store.url,
    flush,
  });
  const pids = { mosquitto: broker.pids.broker, telegraf, store: influx.process.pid! };
  return await measure(stack, {
    name: `Mosquitto + Telegraf, flushing every ${flush}`,
    plan,
    store,
    target: broker,
    pids,
  });
}

async function measure(
  stack: AsyncDisposableStack,
  of: {
    readonly name: string;
    readonly plan: PathPlan;
    readonly store: TimedStore;
    readonly target: Target;
    readonly pids: Readonly<Record<string, number>>;
  },
): Promise<MeasuredPath> {
  const { name, plan, store, target, pids } = of;
  const generator = stack.use(new Generator(1));
  await generator.open(target, REFERENCE_CONNECTIONS, PACED_WINDOW);
  const load = (seconds: number) =>
    generator.load({
      do: "pace",
      ratePerSecond: plan.ratePerSecond,
      warmupMs: 0,
      measureMs: seconds * 1_000,
    });
  await load(plan.warmupSeconds);
  store.reset();
  const { result, used } = await coresDuring({ ...pids, generator: generator.pids[0]! }, () =>
    load(plan.seconds),
  );
  await emptied(store);
  const { storedMs } = store;
  return {
    name,
    ...used,
    p50: storedMs.getValueAtPercentile(50),
    p99: storedMs.getValueAtPercentile(99),
    max: storedMs.maxValue,
    acknowledged: result.acknowledged,
    stored: store.lines(),
  };
}

async function emptied(store: TimedStore): Promise<void> {
  for (let before = -1; before !== store.lines();) {
    before = store.lines();
    await sleep(QUIET_MS);
  }
}
