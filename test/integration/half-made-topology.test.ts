// Goal: a process that starts while the topology is being made waits for what is missing, and none of them ends.
// Method: every process of a hub and a region against servers on which only the region's log is there yet, as
// `topology apply` leaves them for some milliseconds, or for good when it is killed; then it is applied again.
import { afterAll, beforeAll, expect, test } from "vitest";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { applyTopology } from "../../platform/nats/topology/apply-topology.ts";
import { administered } from "../../platform/nats/topology/places.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { type NatsUnderTest, type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { makeNotifier } from "../support/notifiers.ts";
import { type Service, makeService } from "../support/services.ts";

const TOPOLOGY = { regions: ["eu"], partitions: 1 };
const stack = new AsyncDisposableStack();
let world: NatsWorld;
let influx: InfluxUnderTest;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions(TOPOLOGY));
  influx = stack.use(await startInflux());
  const hub = {
    ...{ SKERRY_REGIONS: "eu", SKERRY_PARTITIONS: "1", SKERRY_INFLUX_URL: influx.url },
  };
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
  const make = async (
    main: string,
    server: NatsUnderTest,
    user: Parameters<NatsUnderTest["urlOf"]>[0],
    env: Record<string, string>,
  ) => {
    const service = await makeService(main, { SKERRY_NATS_URL: server.urlOf(user), ...env });
    stack.use(service.process);
    services.set(user, service);
  };
  const region = world.region("eu");
  await make("gateway/main.ts", region, "gateway", { ...eu, SKERRY_MQTT_PORT: "0" });
  await make("gateway/alerting/main.ts", region, "alerting", eu);
  await make("cloud/steward/main.ts", world.hub, "steward", hub);
  await make("cloud/console/main.ts", world.hub, "console", { ...hub, SKERRY_CONSOLE_PORT: "0" });
  const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
  stack.use(aggregator.process);
  services.set("aggregator", aggregator);
  const channel = { name: "ops", kind: "webhook", format: "slack", url: "http://127.0.0.1:1/" };
  const secret = { SKERRY_WEBHOOK_SECRET: "x" };
  services.set("notifier", await makeNotifier(stack, world, [channel], secret));
}, 90_000);

afterAll(() => stack.disposeAsync());

const services = new Map<string, Pick<Service, "url" | "process">>();

/** Removes every stream and bucket of a server's account but those named. */
async function removeBut(server: NatsUnderTest, ...kept: readonly string[]): Promise<void> {
  const connection = await server.connect();
  const manager = await administered(connection);
  const names: string[] = [];
  for await (const { config } of manager.streams.list()) names.push(config.name);
  for (const name of names) if (!kept.includes(name)) await manager.streams.delete(name);
}

test("processes that meet a half-made topology wait until it is whole", async () => {
  await removeBut(world.hub);
  await removeBut(world.region("eu"), telemetryStream("eu"));
  const starting = [...services].map(async ([name, { process }]) => {
    await process.start();
    return name;
  });
  const started = Promise.allSettled(starting);
  await eventually(
    "every process runs and has asked for what is missing",
    async () => {
      for (const { url, process } of services.values()) {
        if (process.exited) throw new Error(process.output);
        const answer = await fetch(url("/readyz"));
        if (answer.status !== 503) return false;
      }
      return [...services.values()].every(({ process }) =>
        /stream not found|not there yet|no answer yet|waits/.test(process.output),
      );
    },
    60_000,
  );
  const connections = {
    hub: await world.hub.connect(),
    eu: await world.region("eu").connect(),
  };
  await applyTopology(connections, { ...TOPOLOGY, logBytesMax: 1024 ** 3 });
  const ended = (await started).filter(({ status }) => status === "rejected");
  expect(ended).toEqual([]);
}, 120_000);
