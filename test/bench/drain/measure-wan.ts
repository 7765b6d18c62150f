// Bytes over the WAN per reading: this gateway's mirrored log beside a plain Mosquitto bridge, under
// the same load. Counted is what TCP carries, both ways, from the first publish until all has arrived.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/free-port.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { connectClient } from "../../support/mqtt-client.ts";
import type { TcpProxy } from "../../../infra/local/demo/tcp-proxy.ts";
import { Generator } from "../ingest/generator.ts";
import { PACED_WINDOW } from "../ingest/plan.ts";
import type { Target } from "../ingest/targets.ts";
import { cpuSeconds } from "../processes.ts";
import { startCountedLink } from "./link-ends.ts";
import { mirrored, startGateway, startSite } from "./site.ts";

const CONNECTIONS = 100;
const HOST = "127.0.0.1";

/** Bytes over a WAN as it is, and over a compressed link. */
export interface ByLink {
  readonly plain: number;
  readonly compressed: number;
}

export interface WanBytes {
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Bytes per reading. */
  readonly skerry: ByLink;
  readonly mosquitto: ByLink;
  /** Compressed, as operators are to set it up, beside the bridge without a link. */
  readonly ratio: number;
  /** Cores of both ends of the link together. */
  readonly linkCores: number;
}

export interface Wan {
  /** Bytes per second of a region without devices. */
  readonly idle: ByLink;
  readonly rates: readonly WanBytes[];
}

export interface WanPlan {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly mosquitto: string;
}

/** After a start the mirrors agree on where they are. */
const SETTLE_MS = 15_000;
const IDLE_MS = 20_000;

export async function measureWan(plan: WanPlan): Promise<Wan> {
  const [plain, compressed] = [await measureOver(plan, false), await measureOver(plan, true)];
  const rates = plan.rates.map((ratePerSecond, at): WanBytes => {
    const skerry = { plain: plain.rates[at]!.skerry, compressed: compressed.rates[at]!.skerry };
    const mosquitto = {
      plain: plain.rates[at]!.mosquitto,
      compressed: compressed.rates[at]!.mosquitto,
    };
    const ratio = skerry.compressed / mosquitto.plain;
    const { linkCores } = compressed.rates[at]!;
    return { ratePerSecond, seconds: plan.seconds, skerry, mosquitto, ratio, linkCores };
  });
  return { idle: { plain: plain.idle, compressed: compressed.idle }, rates };
}

async function measureOver(plan: WanPlan, compressed: boolean) {
  await using stack = new AsyncDisposableStack();
  const site = await startSite(stack, { store: "instant", compressed });
  const gateway = await startGateway(stack, site);
  const bridge = await startBridge(stack, site.directory, plan.mosquitto, compressed);
  const generator = stack.use(new Generator(1));
  await sleep(SETTLE_MS);
  const before = site.wan.bytes;
  await sleep(IDLE_MS);
  const idle = (site.wan.bytes - before) / (IDLE_MS / 1_000);
  const rates = [];
  for (const ratePerSecond of plan.rates) {
    const of = { generator, ratePerSecond, seconds: plan.seconds };
    const cpu = (): number => site.link.pids.reduce((sum, pid) => sum + (cpuSeconds(pid) ?? 0), 0);
    const [cpuBefore, startMs] = [cpu(), performance.now()];
    const skerry = await perReading({
      ...of,
      target: gateway,
      wan: site.wan,
      arrived: () => mirrored(site),
    });
    const linkCores = (cpu() - cpuBefore) / ((performance.now() - startMs) / 1_000);
    const mosquitto = await perReading({ ...of, ...bridge });
    rates.push({ skerry, mosquitto, linkCores });
  }
  return { idle, rates };
}

async function perReading(of: {
  generator: Generator;
  target: Target;
  wan: TcpProxy;
  ratePerSecond: number;
  seconds: number;
  arrived: (sent: number) => Promise<void>;
}): Promise<number> {
  const { generator, target, wan, ratePerSecond, seconds } = of;
  await generator.open(target, CONNECTIONS, PACED_WINDOW);
  const before = wan.bytes;
  const measureMs = seconds * 1_000;
  const command = { do: "pace", ratePerSecond, warmupMs: 0, measureMs } as const;
  const { acknowledged } = await generator.load(command);
  await generator.close();
  await of.arrived(acknowledged);
  return (wan.bytes - before) / acknowledged;
}

/** Two Mosquittos, the first bridging `devices/#` to the second with QoS 1, nothing dropped. */
async function startBridge(
  stack: AsyncDisposableStack,
  directory: string,
  program: string,
  compressed: boolean,
) {
  const [edge, central] = [await freePort(), await freePort()];
  const { port: link, wan } = await startCountedLink(stack, central, compressed);
  const start = async (name: string, port: number, lines: readonly string[]) => {
    const configuration = join(directory, `${name}.conf`);
    const common = [
      `listener ${port} ${HOST}`,
      "allow_anonymous true",
      "persistence false",
      "log_type error",
      "max_queued_messages 0",
      "max_inflight_messages 0",
    ];
    await writeFile(configuration, `${[...common, ...lines].join("\n")}\n`);
    const server = new ServerProcess({
      name,
      program,
      args: ["-c", configuration],
      env: {},
      ready: async () => {
        await using _ = await connectClient(port);
        return true;
      },
    });
    stack.use(server);
    await server.start();
    return server;
  };
  await start("mosquitto-central", central, []);
  const client = stack.use(await connectClient(central));
  await client.subscribeAsync("devices/#", { qos: 0 });
  let received = 0;
  client.on("message", () => (received += 1));
  const server = await start("mosquitto-edge", edge, [
    "connection hub",
    `address ${HOST}:${link}`,
    "topic devices/# out 1",
    "bridge_protocol_version mqttv311",
    "notifications false",
  ]);
  await eventually("the bridge is up", async () => {
    await using probe = await connectClient(edge);
    await probe.publishAsync("devices/probe", "x", { qos: 1 });
    await sleep(50);
    return received > 0;
  });
  let before = received;
  const target: Target = {
    name: "mosquitto",
    port: edge,
    pids: { broker: server.pid! },
    credentials: [],
  };
  const arrived = async (sent: number): Promise<void> => {
    await eventually("the bridge is through", () => received - before >= sent, 120_000);
    before = received;
  };
  return { target, wan, arrived };
}
