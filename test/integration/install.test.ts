// Goal: what `skerry install` writes is what systemd takes, rates as closed, and starts: an installation by its units alone.
// Method: systemd-analyze over the units of every role; then every unit of --role all below a staging root, each command
// with its environment and credentials as a user of its own without privileges, until one reading is in InfluxDB; SIGTERM.
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { PORTS_TAKEN } from "../../infra/install/layout.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { UnitRun, giveConfiguration } from "../support/unit-run.ts";

const run = promisify(execFile);
const EXPOSURE_MAX = 3;

const HUB = ["--role", "hub", "--regions", "eu,us"];
const REGION = ["--role", "region", "--region", "eu", "--hub", "hub.example.com"];

describe.each([
  ["hub", HUB],
  ["hub with TLS", [...HUB, "--tls"]],
  ["region", REGION],
  ["all", ["--role", "all", "--region", "eu"]],
])("the units of %s", (_, args) => {
  test("systemd-analyze finds nothing wrong, and little exposed", async () => {
    await using directory = await temporaryDirectory();
    const units = join(directory.path, "etc/systemd/system");
    mkdirSync(join(directory.path, "etc/skerry/secrets"), { recursive: true });
    writeFileSync(join(directory.path, "etc/skerry/secrets/leaf-eu"), "s0123\n");
    const { code, out } = await skerry(["install", ...args, "--root", directory.path]);
    expect(out).toContain("next, as root:");
    expect(code).toBe(0);
    const paths = globSync("*.{service,target}", { cwd: units }).map((name) => join(units, name));
    const verified = await run("systemd-analyze", ["verify", "--man=no", ...paths], {
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` },
    });
    expect(verified.stdout + verified.stderr).toBe("");
    for (const path of paths.filter((one) => one.endsWith(".service"))) {
      const { stdout } = await run("systemd-analyze", ["security", "--offline=true", path]);
      const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(stdout)!;
      expect(Number(exposure), path).toBeLessThan(EXPOSURE_MAX);
    }
  });
});

/** A port from which on as many are free as an installation takes. */
const portBase = (): Promise<number> =>
  eventually("enough ports in a row are free", async () => {
    const base = await freePort();
    const { stdout } = await run("ss", ["-Htan"]);
    const used = new Set([...stdout.matchAll(/:(\d+)\s/g)].map(([, port]) => Number(port)));
    return Array.from({ length: PORTS_TAKEN }, (_, at) => base + at).some((port) => used.has(port))
      ? false
      : base;
  });

test("a whole installation starts from its units, stores a reading, and stops when it is asked", async () => {
  await using directory = await temporaryDirectory();
  const root = directory.path;
  const base = await portBase();
  const args = ["--role", "all", "--region", "eu", "--root", root, "--port-base", String(base)];
  expect((await skerry(["install", ...args])).code).toBe(0);
  giveConfiguration(root);
  const names = globSync("*.service", { cwd: join(root, "etc/systemd/system") })
    .map((name) => name.replace(".service", ""))
    .toSorted();
  await using stack = new AsyncDisposableStack();
  const units = names.map((name, at) => stack.use(new UnitRun(root, name, at)));
  const started = new Map<string, Promise<void>>();
  const start = (unit: UnitRun): Promise<void> => {
    const known = started.get(unit.name);
    if (known) return known;
    const before = units.filter(({ name }) => unit.after.includes(`${name}.service`));
    const starting = Promise.all(before.map(start)).then(() => bringUp(unit));
    started.set(unit.name, starting);
    return starting;
  };
  const conditioned = units.filter(({ condition }) => condition !== undefined);
  expect(conditioned.map(({ name }) => name)).toEqual(["skerry-notifier"]);
  writeFileSync(conditioned[0]!.condition!, CHANNELS);
  await Promise.all(units.map(start));

  const secret = (name: string): string =>
    readFileSync(join(root, "etc/skerry/secrets", name), "utf8").trim();
  const operator = [
    ...["--nats", `nats://operator@127.0.0.1:${base}`],
    ...["--nats-password-file", join(root, "etc/skerry/secrets/nats-hub-operator")],
  ];
  const added = await skerry(["devices", "add", "boiler-7", ...operator]);
  expect(added.code, added.out).toBe(0);
  const devicePassword = /^[\w-]{20,}$/m.exec(added.out)![0];
  const reading = { ts: Date.now(), temperature: 21.5 };
  await eventually("the gateway takes the reading", async () => {
    await run("mosquitto_pub", [
      ...["-h", "127.0.0.1", "-p", String(base + 7), "-V", "5", "-q", "1", "-i", "boiler-7"],
      ...["-u", "boiler-7", "-P", devicePassword, "-t", "devices/boiler-7/telemetry/climate"],
      ...["-m", JSON.stringify(reading)],
    ]);
    return true;
  });
  const query = new URL(`http://127.0.0.1:${base + 3}/query`);
  query.searchParams.set("db", "skerry");
  query.searchParams.set("q", "SELECT * FROM /.*/ LIMIT 50");
  const authorization = `Basic ${Buffer.from(`reader:${secret("influx-reader")}`).toString("base64")}`;
  await eventually("it is in InfluxDB", async () => {
    const answer = await (await fetch(query, { headers: { authorization } })).text();
    return answer.includes("boiler-7") && answer.includes("21.5");
  });

  const processes = units.filter(({ type }) => type === "notify");
  expect(processes.length).toBe(6);
  const others = units.filter(({ type }) => type === "exec");
  for (const unit of [...processes, ...others]) {
    expect(unit.hasEnded, `${unit.name}: ${unit.output}`).toBe(false);
    expect(await unit.stop(), `${unit.name}: ${unit.output}`).toSatisfy(
      // influxd and nats-server end as they will; ours end well.
      (status) => unit.type === "exec" || status === 0,
    );
  }
  for (const { name, told } of processes) {
    for (const message of ["READY=1", "WATCHDOG=1", "STATUS=ready", "STOPPING=1"])
      expect(told, name).toContain(message);
    expect(told.indexOf("STOPPING=1"), name).toBeGreaterThan(told.indexOf("READY=1"));
  }
  expect(existsSync(join(root, "var/lib/skerry/gateway"))).toBe(true);
});

const CHANNELS = JSON.stringify([
  { name: "hook", kind: "webhook", format: "json", url: "http://127.0.0.1:9/" },
]);

/** Starts a unit, and waits as systemd waits for its type; a job that fails is tried again, as it says itself. */
async function bringUp(unit: UnitRun): Promise<void> {
  if (unit.type === "oneshot")
    return void (await eventually(
      `${unit.name} is done`,
      async () => {
        await unit.start();
        return (await unit.ended()) === 0;
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(unit.output, { cause: error });
    }));
  await unit.start();
  if (unit.type === "notify")
    await eventually(
      `${unit.name} is ready`,
      () => unit.hasEnded || unit.told.includes("READY=1"),
      60_000,
    ).catch((error: unknown) => {
      throw new Error(unit.output, { cause: error });
    });
  if (unit.hasEnded) throw new Error(`${unit.name} has ended: ${unit.output}`);
}
