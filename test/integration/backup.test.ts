// Goal: what is backed up while everything runs can be put back: every message with its number and time, every device
// that should get in; a backup that was cut off is gone on with, one that has rotted is told, and a restored hub that is
// older than its regions is fenced.
// Method: real servers, a writer that does not stop, the command line as people type it.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generationOf } from "../../platform/nats/history/generations.ts";
import { applyTopology } from "../../platform/nats/topology/apply-topology.ts";
import { HubDrill, REGIONS } from "../support/hub-drill.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { S3_KEYS, startS3 } from "../support/s3-server.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const TIMEOUT_MS = 120_000;

const serversOf = ({ world }: HubDrill): string[] => [
  ...["--hub", world.hub.url],
  ...REGIONS.flatMap((name) => ["--region", `${name}=${world.region(name).url}`]),
];

test(
  "a running installation is backed up, checked, and put back",
  { timeout: TIMEOUT_MS },
  async () => {
    await using directory = await temporaryDirectory();
    await using drill = await HubDrill.start();
    const to = directory.path;
    const all = serversOf(drill);
    for (const id of ["stays", "out"]) await drill.add(id);
    await drill.revoke("out");
    const eu = await drill.world.region("eu").connect();
    const writer = new FrameWriter({ region: "eu", partition: 0 });
    let isWriting = true;
    const writing = (async () => {
      while (isWriting) await writer.publish(eu, [], Date.now());
    })();

    const made = await skerry(["backup", "all", "--to", to, "--keep", "1", ...all]);
    isWriting = false;
    await writing;
    expect(made.code, made.out).toBe(0);
    const [first = ""] = readdirSync(to);
    expect(made.out).toContain(`${join(to, first)} is complete`);
    const checked = await skerry(["backup", "verify", join(to, first), ...all]);
    expect(checked.code, checked.out).toBe(0);
    expect(checked.out).toContain("the backup is whole");
    expect(checked.out).toMatch(
      /eu TELEMETRY_eu: ([\d,]+) messages, \d+ just so at the running server, 0 forgotten/,
    );

    // It was cut off before its manifest, and one of its streams is not whole: the others are not taken again.
    const partial = join(to, `${first}.partial`);
    renameSync(join(to, first), partial);
    rmSync(join(partial, "manifest.json"));
    writeFileSync(join(partial, "hub", "KV_devices.snapshot"), "half");
    const log = readFileSync(join(partial, "eu", "TELEMETRY_eu.json"), "utf8");
    const resumed = await skerry(["backup", "all", "--to", to, ...all]);
    expect(resumed.code, resumed.out).toBe(0);
    expect(resumed.out).toContain(
      `${join(to, first)} is complete, gone on with after it was cut off`,
    );
    expect(readFileSync(join(to, first, "eu", "TELEMETRY_eu.json"), "utf8")).toBe(log);

    // An older one goes, once there is a newer.
    mkdirSync(join(to, "2020-01-01T00-00-00Z"));
    const newer = await skerry(["backup", "hub", "--to", to, "--keep", "2", ...all]);
    expect(newer.out).toContain("2020-01-01T00-00-00Z is removed");

    const file = join(to, first, "hub", "TELEMETRY_eu.snapshot");
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    for (const command of [
      ["backup", "verify", join(to, first)],
      ["restore", "--from", join(to, first), ...all],
    ])
      expect((await skerry(command)).out).toContain(
        "hub/TELEMETRY_eu.snapshot has changed: its SHA-256 is another",
      );
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);

    // After the backup, and lost with the hub: the regions know it.
    await drill.add("late");
    await drill.revoke("stays");
    await eventually("all is known", () => drill.letsInOnly(["late"]), 60_000);
    const hub = ["restore", "--from", join(to, first), "--hub", drill.world.hub.url];
    const refused = await skerry(hub);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain("the server of hub is not empty");
    const before = await generationOf(await drill.world.hub.connect());
    const restored = await skerry([...hub, "--replace"]);
    expect(restored.code, restored.out).toBe(0);
    const after = await generationOf(await drill.world.hub.connect());
    expect([after?.why, after?.id === before?.id]).toEqual(["restored", false]);
    await applyTopology(await drill.connections(), drill.options);
    await drill.startSteward();
    await eventually("it is fenced", () => drill.isFenced(), 60_000);
    const recovered = await drill.recover();
    expect(recovered.code, recovered.out).toBe(0);
    await eventually("as it was", () => drill.letsInOnly(["late"]));
    await drill.add("new");
    await eventually("what is written reaches all", () => drill.letsInOnly(["late", "new"]));
  },
);

test(
  "InfluxDB is backed up while it runs, and put back after its disk is gone",
  { timeout: TIMEOUT_MS },
  async () => {
    await using directory = await temporaryDirectory();
    await using drill = await HubDrill.start();
    await using influx = await startInflux();
    const points = Array.from({ length: 500 }, (_, at) => `room,device=a value=${at} ${at + 1}`);
    await influx.client().write(points);
    const to = directory.path;
    const made = await skerry([
      "backup",
      "all",
      "--to",
      to,
      "--influx",
      influx.backup,
      ...serversOf(drill),
    ]);
    expect(made.code, made.out).toBe(0);
    const [name = ""] = readdirSync(to);
    await influx.administrator().query("DROP DATABASE skerry");
    const restored = await skerry(["restore", "--from", join(to, name), "--influx", influx.backup]);
    expect(restored.code, restored.out).toBe(0);
    const again = await skerry(["restore", "--from", join(to, name), "--influx", influx.backup]);
    expect(again.code, again.out).toBe(1);
    const rows = await influx.client("skerry", "administrator").query("SELECT value FROM room");
    expect(rows.map((row) => Number(row["value"]))).toEqual(points.map((_, at) => at));
  },
);

test(
  "a bucket of an S3 takes backups, goes on with one that was cut off, keeps the newest, and gives them back",
  { timeout: TIMEOUT_MS },
  async () => {
    await using directory = await temporaryDirectory();
    await using drill = await HubDrill.start();
    await using influx = await startInflux();
    await using s3 = await startS3();
    const points = Array.from({ length: 500 }, (_, at) => `room,device=a value=${at} ${at + 1}`);
    await influx.client().write(points);
    await drill.add("stays");
    writeFileSync(join(directory.path, "secret"), S3_KEYS.secretAccessKey);
    const place = `s3://${s3.bucket}/of/skerry`;
    const typed = (args: readonly string[], env = {}) =>
      skerry([...args, "--s3-endpoint", s3.url, "--s3-region", s3.region], {
        env: {
          AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
          AWS_SECRET_ACCESS_KEY_FILE: join(directory.path, "secret"),
          ...env,
        },
      });
    const servers = serversOf(drill);
    const all = ["backup", "all", "--to", place, "--influx", influx.backup, ...servers];

    // Cut off in the middle: nothing in the bucket is a backup, and there is no half object.
    s3.refuse = (request) => /PUT .*REJECTS_eu.snapshot/.test(request);
    const cut = await typed(all);
    expect([cut.code, cut.out]).toEqual([1, expect.stringMatching(/403 AccessDenied/)]);
    s3.refuse = null;
    const before = [...s3.objects.keys()].filter((key) => key.endsWith(".snapshot"));
    expect(before.length).toBeGreaterThan(3);
    const [, name = ""] = /^of\/skerry\/([^/]+)\//.exec(before[0]!)!;
    expect((await typed(["backup", "verify", `${place}/${name}`])).out).toMatch(
      /is no complete backup: it has no manifest.json/,
    );
    // One of other servers is another backup, whatever is unfinished.
    const other = await typed(["backup", "hub", "--to", place, ...servers]);
    expect([other.code, other.out]).toEqual([0, expect.not.stringMatching(/gone on with/)]);
    s3.requests.length = 0;
    const made = await typed(all);
    expect([made.code, made.out]).toEqual([
      0,
      expect.stringContaining(`${place}/${name} is complete, gone on with after it was cut off`),
    ]);
    const again = s3.requests.filter((request) => /^PUT .*snapshot$/.test(request));
    for (const key of before)
      expect(again, "taken twice").not.toContain(`PUT /${s3.bucket}/${key}`);

    const checked = await typed(
      ["backup", "verify", `${place}/${name}`, ...servers, "--influx", influx.urlOf("reader")],
      {},
    );
    expect([checked.code, checked.out]).toEqual([0, expect.stringMatching(/the backup is whole/)]);
    expect(checked.out).toMatch(/InfluxDB skerry: autogen room: 500 points, 1 days just so/);
    // A point of long ago that the backup lacks is a fault of it.
    await influx.client().write([`room,device=a value=1 ${1_000_000}`]);
    const lacking = await typed(
      ["backup", "verify", `${place}/${name}`, "--influx", influx.urlOf("reader")],
      {},
    );
    expect([lacking.code, lacking.out]).toEqual([
      1,
      expect.stringMatching(/500 points of 1970-01-01, and the running InfluxDB has 501/),
    ]);

    await influx.administrator().query("DROP DATABASE skerry");
    const from = ["restore", "--from", `${place}/${name}`];
    const back = await typed([...from, "--influx", influx.backup]);
    expect(back.code, back.out).toBe(0);
    const rows = await influx.client("skerry", "administrator").query("SELECT value FROM room");
    expect(rows).toHaveLength(points.length);
    const hub = await typed([...from, "--hub", drill.world.hub.url, "--replace"]);
    expect([hub.code, hub.out]).toEqual([0, expect.stringMatching(/hub: \d+ streams/)]);

    // The oldest goes, with all of its objects; a byte that changed is told.
    const newest = await typed(["backup", "hub", "--to", place, "--keep", "1", ...servers]);
    expect([newest.code, newest.out]).toEqual([0, expect.stringContaining(`${name} is removed`)]);
    expect([...s3.objects.keys()].filter((key) => key.includes(name))).toEqual([]);
    const key = [...s3.objects.keys()].find((one) => one.endsWith("KV_devices.snapshot"))!;
    s3.objects.get(key)![20]! ^= 1;
    const [, left = ""] = /^of\/skerry\/([^/]+)\//.exec(key)!;
    expect((await typed(["backup", "verify", `${place}/${left}`])).out).toMatch(
      /KV_devices.snapshot has changed: its SHA-256 is another/,
    );
    const nobody = await typed(all, { AWS_ACCESS_KEY_ID: "" });
    expect([nobody.code, nobody.out]).toEqual([
      1,
      expect.stringMatching(/needs AWS_ACCESS_KEY_ID/),
    ]);
  },
);
