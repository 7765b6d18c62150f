// Goal: of a running installation no secret is in the arguments of any process, and none is in an environment where a
// file will do; the administrator of InfluxDB is nobody's; a data directory of a version without users is taken up.
// Method: `npm start` on a data directory whose InfluxDB was written without users; /proc of all its processes.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startBareInflux } from "../support/influx.ts";
import { Launcher } from "../support/launcher.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const OLD_POINT = "climate,region=eu,device=before temperature=20 1000000000";
/** What nats-servers are told, who take passwords from their environment alone. */
const NATS_SERVERS = /^nats-/;

const stack = new AsyncDisposableStack();
let data: string;
let launcher: Launcher;
let secrets: ReadonlyMap<string, string>;

beforeAll(async () => {
  data = join(stack.use(await temporaryDirectory()).path, "data");
  {
    await using old = await startBareInflux(join(data, "influx"), {
      INFLUXDB_HTTP_AUTH_ENABLED: "false",
    });
    const anybody = new InfluxClient({ url: old.origin, database: "skerry" });
    await anybody.createDatabase();
    await anybody.write([OLD_POINT]);
  }
  const port = Math.min(await freePort(), 60_000);
  const args = ["--port-base", String(port), "--devices", "2", "--rate", "5", "--no-open"];
  launcher = stack.use(new Launcher(data, args));
  await launcher.publishes(90_000);
  const directory = join(data, "secrets");
  secrets = new Map(
    readdirSync(directory).map((name) => [
      name,
      readFileSync(join(directory, name), "utf8").trim(),
    ]),
  );
}, 120_000);
afterAll(() => stack.disposeAsync());

/** Names of secrets in one file of /proc of a process. */
function secretsIn(pid: number, file: "cmdline" | "environ"): string[] {
  const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
  return [...secrets].flatMap(([name, secret]) => (text.includes(secret) ? name : []));
}

test("no secret is in an argument, and only nats-servers have theirs in the environment", () => {
  expect(secrets.size).toBeGreaterThan(12);
  const pids = launcher.pids();
  expect(Object.keys(pids).length).toBeGreaterThan(10);
  for (const [name, pid] of Object.entries(pids)) {
    expect([name, secretsIn(pid, "cmdline")]).toEqual([name, []]);
    if (!NATS_SERVERS.test(name)) expect([name, secretsIn(pid, "environ")]).toEqual([name, []]);
  }
});

test("the administrator of InfluxDB is in no process and in no other file", () => {
  const administrator = secrets.get("influx-administrator")!;
  for (const [name, pid] of Object.entries(launcher.pids()))
    expect([name, readFileSync(`/proc/${pid}/environ`, "utf8").includes(administrator)]).toEqual([
      ...[name, false],
    ]);
  const holding = readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(administrator));
  expect(holding).toEqual([join(data, "secrets", "influx-administrator")]);
});

test("files of secrets are their owner's alone", () => {
  expect(statSync(join(data, "secrets")).mode & 0o777).toBe(0o700);
  for (const name of secrets.keys())
    expect([name, statSync(join(data, "secrets", name)).mode & 0o777]).toEqual([name, 0o600]);
});

test("what was stored before is still there, and new readings come beside it", async () => {
  const { influx } = JSON.parse(readFileSync(join(data, "addresses.json"), "utf8")) as {
    influx: string;
  };
  const reader = new InfluxClient({ url: influx, database: "skerry" });
  expect(
    await reader.query("SELECT temperature FROM climate WHERE device = 'before'"),
  ).toHaveLength(1);
  await eventually(
    "readings of this run are stored",
    async () => (await reader.query("SELECT count(co2) FROM environment")).length > 0,
  );
  await expect(reader.write([OLD_POINT])).rejects.toThrow(/403/);
  const nobody = new InfluxClient({ url: new URL(influx).origin, database: "skerry" });
  await expect(nobody.query("SHOW MEASUREMENTS")).rejects.toThrow(/401/);
});

test("the command line finds the installation, and InfluxDB in it", async () => {
  const { out } = await skerry(["status", "--data-dir", data]);
  expect(out).toMatch(/influxd/);
  expect(out).not.toMatch(/influxd.*does not answer/);
});
