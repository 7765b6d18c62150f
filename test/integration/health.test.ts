// Goal: every process says truly whether it is alive, ready and started: by progress, not by existing.
// Method: the real processes of a small installation; what they need is killed, frozen, cut, and comes back. A lane
// that hangs is one whose store takes everything and acknowledges nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import { LaneHealth } from "../../platform/nats/lanes/lane-health.ts";
import { eventually } from "../support/eventually.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { type NatsWorld, environmentsAt, startHubAndRegions } from "../support/nats.ts";
import { makeNotifier } from "../support/notifiers.ts";
import { type Service, makeService, startService } from "../support/services.ts";

interface Health {
  readonly status: number;
  readonly state: string;
  readonly why?: string;
  readonly checks: readonly { name: string; ok: boolean; why?: string }[];
}

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let influx: InfluxUnderTest;
const services = new Map<string, Pick<Service, "url" | "process">>();

const probe = async (service: string, path: string): Promise<Health> => {
  const answer = await fetch(services.get(service)!.url(path));
  return { status: answer.status, ...((await answer.json()) as Omit<Health, "status">) };
};

/** Waits until a process is ready, or is not for this reason; it is alive and started all the while. */
async function becomes(service: string, ready: boolean, why = /^$/): Promise<void> {
  await eventually(`${service} is ${ready ? "" : "not "}ready`, async () => {
    const health = await probe(service, "/readyz");
    return (health.status === 200) === ready && why.test(health.why ?? "");
  });
  expect((await probe(service, "/livez")).state).toBe("live");
  expect((await probe(service, "/startupz")).status).toBe(200);
}

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  influx = stack.use(await startInflux());
  const { hub, eu } = environmentsAt(world);
  const add = async (name: string, main: string, env: Record<string, string>): Promise<void> => {
    const service = await startService(main, env);
    services.set(name, service);
    stack.use(service.process);
  };
  const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
  services.set("aggregator", aggregator);
  stack.use(aggregator.process);
  const channel = { name: "ops", kind: "webhook", format: "slack", url: "http://127.0.0.1:1/" };
  const notifier = await makeNotifier(stack, world, [channel], { SKERRY_WEBHOOK_SECRET: "x" });
  services.set("notifier", notifier);
  // One after another: six at once are slow on a busy machine.
  await aggregator.process.start();
  await notifier.process.start();
  await add("gateway", "gateway/main.ts", { ...eu("gateway"), SKERRY_MQTT_PORT: "0" });
  await add("alerting", "gateway/alerting/main.ts", eu("alerting"));
  const steward = { ...hub("steward"), SKERRY_INFLUX_URL: influx.url };
  await add("steward", "cloud/steward/main.ts", steward);
  await add("console", "cloud/console/main.ts", { ...hub("console"), SKERRY_CONSOLE_PORT: "0" });
}, 90_000);

afterAll(() => stack.disposeAsync());

const AT_HUB = ["aggregator", "steward", "notifier", "console"];
const IN_REGION = ["gateway", "alerting"];

test("with the hub's nats-server killed nobody at the hub is ready, everybody in the region is, and all live", async () => {
  for (const service of [...AT_HUB, ...IN_REGION]) await becomes(service, true);
  await world.hub.process.kill();
  const away = /nats-server of hub/;
  await Promise.all(AT_HUB.map((service) => becomes(service, false, away)));
  for (const service of IN_REGION) await becomes(service, true);
  await world.hub.process.start();
  await Promise.all(AT_HUB.map((service) => becomes(service, true)));
}, 90_000);

test.each(["SIGKILL", "SIGSTOP"] as const)(
  "with InfluxDB gone by %s the aggregator is not ready and says why",
  async (signal) => {
    const pid = influx.process.pid!;
    if (signal === "SIGKILL") await influx.process.kill();
    else process.kill(pid, signal);
    try {
      await becomes("aggregator", false, /the store does not take what is written: InfluxDB/);
      await becomes("gateway", true);
    } finally {
      if (signal === "SIGKILL") await influx.process.start();
      else process.kill(pid, "SIGCONT");
    }
    await becomes("aggregator", true);
  },
  90_000,
);

test.each(["SIGKILL", "SIGSTOP"] as const)(
  "with the region's nats-server gone by %s gateway and engine are not ready; the hub's processes are",
  async (signal) => {
    const region = world.region("eu").process;
    const pid = region.pid!;
    if (signal === "SIGKILL") await region.kill();
    else process.kill(pid, signal);
    try {
      await becomes("gateway", false, /the region's log/);
      await becomes("alerting", false, /nats-server of eu/);
      for (const service of AT_HUB) await becomes(service, true);
    } finally {
      if (signal === "SIGKILL") await region.start();
      else process.kill(pid, "SIGCONT");
    }
    for (const service of IN_REGION) await becomes(service, true);
  },
  90_000,
);

test("a lane that has frames to do and does none of them is not alive, unless it is known why", async () => {
  const connection = await world.region("eu").connect("alerting");
  let nowMs = 0;
  let [isHindered, stoppedBy]: [boolean, string | null] = [false, null];
  const lane = { region: "eu", partition: 0 };
  const health = new LaneHealth({
    connection,
    lanes: () => [{ lane, doneSeq: 1, stoppedBy }],
    isHindered: () => isHindered,
    nowMs: () => (nowMs += 30_000),
  });
  const ending = new AbortController();
  const running = health.run(ending.signal);
  const stuck = /lane eu\/0 has frames to do, has done none for \d+ s, and nothing is known/;
  await eventually("it is not alive", () => stuck.test(health.check.why ?? ""));
  isHindered = true;
  await eventually("a server that is away is no reason", () => health.check.why === null);
  isHindered = false;
  await eventually("it is not alive again", () => stuck.test(health.check.why ?? ""));
  stoppedBy = "waits for contract pump v2";
  await eventually("a known reason is none either", () => health.check.why === null);
  ending.abort();
  await running;
});

test("a process that waits for its nats-server is alive, and says what it waits for", async () => {
  const nobody = "nats://gateway:x@127.0.0.1:1";
  const gateway = await makeService("gateway/main.ts", {
    ...{ SKERRY_NATS_URL: nobody, SKERRY_REGION: "eu", SKERRY_MQTT_PORT: "0" },
  });
  await using started = gateway.process;
  const starting = started.start().catch(() => undefined);
  services.set("waiting", gateway);
  await eventually("it answers", async () => {
    const health = await probe("waiting", "/startupz").catch(() => null);
    return health?.status === 503 && /waits for its nats-server at 127.0.0.1:1/.test(health.why!);
  });
  expect((await probe("waiting", "/livez")).status).toBe(200);
  expect((await probe("waiting", "/readyz")).status).toBe(503);
  await started.kill();
  await starting;
}, 60_000);

test("a region that has no streams yet makes no console unready", async () => {
  await using other = await startHubAndRegions({
    regions: ["eu"],
    partitions: 1,
    violationsExpected: true, // Nobody may ask for streams of a region that is not configured.
  });
  const console_ = await startService("cloud/console/main.ts", {
    SKERRY_NATS_URL: other.hub.urlOf("console"),
    SKERRY_REGIONS: "nowhere,eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_CONSOLE_PORT: "0",
  });
  await using _ = console_.process;
  const { checks } = (await (await fetch(console_.url("/readyz?verbose"))).json()) as Health;
  expect(checks).toContainEqual(expect.objectContaining({ name: "nats-server", ok: true }));
});
