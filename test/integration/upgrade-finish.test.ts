// Goal: an upgrade is finished when people say so and every process reads what will be written; from then on a program that
// does not read it says why it does not start, in one sentence, in every process.
// Method: real processes and the command line; then the level that a later release would write, and each process
// started as people start it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_KEY } from "../../contracts/messages/fleet.ts";
import { GENERATIONS_BUCKET } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { readFleetLevel, writeFleetLevel } from "../../platform/nats/client/fleet.ts";
import { HUB_USERS, REGION_USERS } from "../../platform/nats/topology/permissions.ts";
import { VERSION } from "../../platform/runtime/version.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { RELEASE_BEFORE, unpackRelease } from "../support/release.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test(
  "finish is refused while a process is not heard, and afterwards older programs say why they do not start",
  { timeout: 300_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryDirectory());
    const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
    const [hub, eu] = [world.hub, world.region("eu")];
    const channels = join(path, "channels.json");
    writeFileSync(
      channels,
      JSON.stringify([{ name: "a", kind: "webhook", format: "json", url: "http://127.0.0.1:1/" }]),
    );
    const one = { SKERRY_PARTITIONS: "1", SKERRY_STATUS_PORT: "0" };
    const ofHub = { ...one, SKERRY_REGIONS: "eu" };
    const ofRegion = { ...one, SKERRY_REGION: "eu" };
    const sink = { SKERRY_SINK: "file", SKERRY_SINK_FILE: join(path, "sink.jsonl") };
    const envs: Record<string, Record<string, string>> = {
      gateway: {
        ...{ ...ofRegion, SKERRY_NATS_URL: eu.urlOf("gateway") },
        ...{ SKERRY_MQTT_PORT: "0", SKERRY_DATA_DIR: join(path, "gateway") },
      },
      alerting: { ...ofRegion, SKERRY_NATS_URL: eu.urlOf("alerting") },
      aggregator: { ...ofHub, ...sink, SKERRY_NATS_URL: hub.urlOf("aggregator") },
      steward: { ...ofHub, ...sink, SKERRY_NATS_URL: hub.urlOf("steward") },
      notifier: { ...ofHub, SKERRY_CHANNELS: channels, SKERRY_NATS_URL: hub.urlOf("notifier") },
      console: {
        ...{ ...ofHub, SKERRY_NATS_URL: hub.urlOf("console"), SKERRY_CONSOLE_PORT: "0" },
        ...{
          SKERRY_CONSOLE_OPERATOR_TOKEN: "o".repeat(32),
          SKERRY_CONSOLE_VIEWER_TOKEN: "v".repeat(32),
        },
      },
    };
    const upgrade = (...words: string[]) => skerry(["upgrade", ...words, "--nats", hub.url]);

    const alone = await upgrade("finish");
    expect(alone.code).toBe(1);
    expect(alone.out).toContain("not finished: no gateway of eu is heard");
    const { SKERRY_STATUS_PORT: _, ...gateway } = envs["gateway"]!;
    const { SKERRY_STATUS_PORT: __, ...alerting } = envs["alerting"]!;
    stack.use((await startService("gateway/main.ts", gateway)).process);
    const engine = await startService("gateway/alerting/main.ts", alerting);
    stack.use(engine.process);
    expect(await engine.status()).toMatchObject({ version: VERSION, formatLevel: 2 });
    const status = await eventually("both are heard", async () => {
      const said = await upgrade("status");
      return said.code === 0 && said.out;
    });
    expect(status).toMatch(new RegExp(`^${VERSION} +level 2 +eu +alerting`, "m"));
    expect(status).toContain(`2 processes, all of version ${VERSION}`);
    expect((await upgrade("finish", "--by", "ada")).out).toContain("finished: formats of level 2");
    expect((await upgrade("finish")).out).toContain("nothing to finish");

    // A later release has finished its own upgrade.
    const fleet = { level: 3, by: "ada", atMs: Date.now(), version: "0.2.0" };
    const bucket = await Bucket.open(await hub.connect(), GENERATIONS_BUCKET);
    await bucket.put(FLEET_KEY, JSON.stringify(fleet));
    const copy = await Bucket.open(await eu.connect(), GENERATIONS_BUCKET);
    await eventually("the region knows", async () =>
      Buffer.from((await copy.get(FLEET_KEY))?.data ?? [])
        .toString()
        .includes('"level":3'),
    );
    for (const [kind, env] of Object.entries(envs)) {
      const { code, out } = await skerry([kind], { env });
      expect(code, kind).toBe(1);
      const sentences = out.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
      expect(sentences, out).toEqual([
        expect.stringMatching(
          new RegExp(
            `^${kind}: this is version ${VERSION}, which reads formats up to level 2, and the installation writes level 3 since ada finished .*: start 0\\.2\\.0 or newer$`,
          ),
        ) as string,
      ]);
    }
    const late = await upgrade("finish");
    expect(late.out).toContain("formats of level 3 are written, and this program reads 2");
  },
);

test("by servers whose configuration is the release's, processes of today start, and say what they cannot learn", async () => {
  await using stack = new AsyncDisposableStack();
  const { root } = stack.use(await unpackRelease(RELEASE_BEFORE));
  const { path } = stack.use(await temporaryDirectory());
  const printed = async (server: string): Promise<string> =>
    (await skerry(["topology", "nats-config", server, "--regions", "eu"], { root })).out;
  const [hub, eu] = [await printed("hub"), await printed("eu")];
  const world = stack.use(
    await startHubAndRegions({
      ...{ regions: ["eu"], partitions: 1, violationsExpected: true },
      ...{ hubConfiguration: () => hub, regionConfiguration: () => eu },
    }),
  );
  const one = { SKERRY_PARTITIONS: "1", SKERRY_REGION: "eu" };
  const engine = await startService("gateway/alerting/main.ts", {
    ...{ ...one, SKERRY_NATS_URL: world.region("eu").urlOf("alerting") },
  });
  stack.use(engine.process);
  const gateway = await startService("gateway/main.ts", {
    ...{ ...one, SKERRY_NATS_URL: world.region("eu").urlOf("gateway") },
    ...{ SKERRY_MQTT_PORT: "0", SKERRY_DATA_DIR: join(path, "gateway") },
  });
  stack.use(gateway.process);
  for (const { process } of [engine, gateway])
    expect(process.output).toContain("the installation's level of formats is not known");
});

test("only an administrator says that an upgrade is finished: no process can keep the others from starting", async () => {
  await using world = await startHubAndRegions({
    ...{ regions: ["eu"], partitions: 1, violationsExpected: true },
  });
  const fleet = { level: 9, by: "mallory", atMs: 0, version: "9.9.9" };
  for (const user of HUB_USERS.filter((one) => one !== "admin")) {
    const connection = await world.hub.connect(user);
    await expect(writeFleetLevel(connection, fleet, null), user).rejects.toThrow();
  }
  for (const user of REGION_USERS.filter((one) => one !== "admin")) {
    const connection = await world.region("eu").connect(user);
    await expect(writeFleetLevel(connection, fleet, null), user).rejects.toThrow();
  }
  const admin = await world.hub.connect();
  expect(await readFleetLevel(admin)).toBeNull();
  expect(await writeFleetLevel(admin, { ...fleet, level: 1 }, null)).toBe(true);
});
