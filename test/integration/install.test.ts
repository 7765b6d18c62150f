// Goal: what `skerry install` writes is what systemd takes, rates as closed, and starts: an installation by its units alone.
// Method: systemd-analyze over the units of every role; then every unit of --role all below a staging root, each command
// with its environment and credentials as a user of its own without privileges, until one reading is in InfluxDB; SIGTERM.
import { execFile } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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
  ["hub without a link", [...HUB, "--no-link"]],
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
    // The users of the units, as systemd makes them.
    await run("systemd-sysusers", [`--root=${directory.path}`]);
    const users = readFileSync(join(directory.path, "etc/passwd"), "utf8");
    for (const path of paths.filter((one) => one.endsWith(".service"))) {
      const { stdout } = await run("systemd-analyze", ["security", "--offline=true", path]);
      const [, user = "none"] = /^User=(.*)$/m.exec(readFileSync(path, "utf8"))!;
      expect(users).toMatch(new RegExp(`^${user}:`, "m"));
      const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(stdout)!;
      expect(Number(exposure), path).toBeLessThan(EXPOSURE_MAX);
    }
  });
});

/** A dozen processes start side by side, and other tests beside them. */
const WITHIN_MS = 90_000;

const basesGiven: number[] = [];

/** A port from which on as many are free as an installation takes. */
const portBase = (): Promise<number> =>
  eventually("enough ports in a row are free", async () => {
    const base = await freePort();
    const { stdout } = await run("ss", ["-Htan"]);
    const used = new Set([...stdout.matchAll(/:(\d+)\s/g)].map(([, port]) => Number(port)));
    const wanted = Array.from({ length: PORTS_TAKEN }, (_, at) => base + at);
    const isTaken =
      wanted.some((port) => used.has(port)) ||
      basesGiven.some((given) => Math.abs(given - base) < PORTS_TAKEN);
    if (isTaken) return false;
    basesGiven.push(base);
    return base;
  });

const installed = async (args: readonly string[], root: string): Promise<void> => {
  const { code, out } = await skerry(["install", ...args, "--root", root]);
  expect(code, out).toBe(0);
  giveConfiguration(root);
};

const BACKUP = "skerry-backup";

/** The units below a staging root; they end with `stack`. @param from the first of their users. */
const unitsOf = (root: string, stack: AsyncDisposableStack, from = 0): UnitRun[] =>
  globSync("*.service", { cwd: join(root, "etc/systemd/system") })
    .map((name) => name.replace(".service", ""))
    .filter((name) => name !== BACKUP) // Its timer starts it.
    .toSorted()
    .map((name, at) => stack.use(new UnitRun(root, name, from + at)));

const secretPath = (root: string, name: string): string => join(root, "etc/skerry/secrets", name);

/** Regions take only what is signed. */
const keyOf = (root: string) => ({ SKERRY_SIGNING_KEY_FILE: secretPath(root, "signing-key") });

/** Adds a device at the hub. @returns its password. */
async function addDevice(
  id: string,
  hub: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, out } = await skerry(["devices", "add", id, ...hub], { env });
  expect(code, out).toBe(0);
  return /^[\w-]{20,}$/m.exec(out)![0];
}

/** Publishes a reading until it is taken, and waits until it is in the InfluxDB of the hub. */
async function expectStored(
  device: string,
  publisher: readonly string[],
  hub: { root: string; base: number },
): Promise<void> {
  const message = JSON.stringify({ ts: Date.now(), temperature: 21.5 });
  await eventually(
    "the gateway takes the reading",
    async () => {
      await run("mosquitto_pub", [
        ...["-h", "127.0.0.1", "-V", "5", "-q", "1", "-i", device, "-u", device, ...publisher],
        ...["-t", `devices/${device}/telemetry/climate`, "-m", message],
      ]);
      return true;
    },
    WITHIN_MS,
  );
  const query = new URL(`http://127.0.0.1:${hub.base + 3}/query`);
  query.searchParams.set("db", "skerry");
  query.searchParams.set("q", "SELECT * FROM /.*/ LIMIT 50");
  const password = readFileSync(secretPath(hub.root, "influx-reader"), "utf8").trim();
  const authorization = `Basic ${Buffer.from(`reader:${password}`).toString("base64")}`;
  await eventually(
    "it is in InfluxDB",
    async () => {
      const answer = await (await fetch(query, { headers: { authorization } })).text();
      return answer.includes(device) && answer.includes("21.5");
    },
    WITHIN_MS,
  );
}

test("a whole installation starts from its units, stores a reading, and stops when it is asked", async () => {
  await using directory = await temporaryDirectory();
  await using stack = new AsyncDisposableStack();
  const root = directory.path;
  const base = await portBase();
  await installed(["--role", "all", "--region", "eu", "--port-base", String(base)], root);
  const units = unitsOf(root, stack);
  const conditioned = units.filter(({ condition }) => condition !== undefined);
  expect(conditioned.map(({ name }) => name)).toEqual(["skerry-notifier"]);
  writeFileSync(conditioned[0]!.condition!, CHANNELS);
  await startAll(units);

  const at = [
    ...["--nats", `nats://operator@127.0.0.1:${base}`],
    ...["--nats-password-file", secretPath(root, "nats-hub-operator")],
  ];
  const password = await addDevice("boiler-7", at, keyOf(root));
  await expectStored("boiler-7", ["-p", String(base + 7), "-P", password], { root, base });

  const backup = stack.use(new UnitRun(root, BACKUP, units.length));
  await backup.start();
  expect(await backup.ended(), backup.output).toBe(0);
  expect(globSync("*/manifest.json", { cwd: join(root, "var/lib/skerry/backups") })).toHaveLength(
    1,
  );
  expect(backup.output).toContain("InfluxDB skerry: ");

  const gateway = units.find(({ name }) => name === "skerry-gateway")!;
  const fed = (): number => gateway.told.filter((line) => line === "WATCHDOG=1").length;
  // A server that goes away: the gateway is fed no less, because a restart would not bring it back.
  const server = units.find(({ name }) => name === "skerry-nats-eu")!;
  await server.stop();
  const before = fed();
  await eventually("it is fed while its server is away", () => fed() > before);
  await server.start();
  // A process that stands still: nobody feeds the watchdog in its name.
  process.kill(gateway.pid, "SIGSTOP");
  const still = fed();
  await expect(eventually("it is fed", () => fed() > still)).rejects.toThrow("not within");
  process.kill(gateway.pid, "SIGCONT");
  await eventually("it is fed again", () => fed() > still);
  expect(gateway.told.filter((line) => line === "READY=1")).toHaveLength(1);

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
}, 240_000);

test("a hub and a region, each from its own units, over TLS", async () => {
  await using hubDirectory = await temporaryDirectory();
  await using regionDirectory = await temporaryDirectory();
  await using stack = new AsyncDisposableStack();
  const hub = { root: hubDirectory.path, base: await portBase() };
  const region = { root: regionDirectory.path, base: await portBase() };
  await installed(
    ["--role", "hub", "--regions", "eu", "--tls", "--port-base", String(hub.base)],
    hub.root,
  );
  const certificates = join(hub.root, "etc/skerry/certificates");
  const made = await skerry([
    ...["certificates", "make", certificates],
    ...["--server", "nats-eu,localhost,127.0.0.1", "--server", "gateway-eu,127.0.0.1"],
  ]);
  expect(made.out).toContain("gateway-eu.pem, gateway-eu.key");
  const brought = ["secrets/leaf-eu", "secrets/trusted-keys", "certificates/ca.pem"].concat(
    ["leaf", "nats", "gateway"].flatMap((of) =>
      ["pem", "key"].map((end) => `certificates/${of}-eu.${end}`),
    ),
  );
  for (const file of brought)
    cpSync(join(hub.root, "etc/skerry", file), join(region.root, "etc/skerry", file));
  await installed(
    [
      ...["--role", "region", "--region", "eu", "--hub", `127.0.0.1:${hub.base + 2}`],
      ...["--tls", "--port-base", String(region.base)],
    ],
    region.root,
  );
  // What is open to a network stays on this machine here, by people's own files.
  for (const { root } of [hub, region]) {
    const yaml = join(root, "etc/skerry/skerry.yaml");
    writeFileSync(yaml, readFileSync(yaml, "utf8").replace("0.0.0.0", "127.0.0.1"));
  }
  const hubUnits = unitsOf(hub.root, stack);
  const starting = Promise.all([
    startAll(hubUnits.filter(({ name }) => name !== "skerry-notifier")),
    startAll(unitsOf(region.root, stack, hubUnits.length)),
  ]);
  const tls = { SKERRY_NATS_TLS_CA: join(certificates, "ca.pem") };
  const applying = eventually(
    "the topology is applied",
    async () => {
      const { code } = await skerry(
        [
          ...["topology", "apply", "--hub", `tls://admin@127.0.0.1:${hub.base}`],
          ...["--region", `eu=tls://admin@127.0.0.1:${region.base + 5}`, "--allow-old-servers"],
        ],
        {
          env: {
            ...tls,
            SKERRY_NATS_PASSWORD_HUB_FILE: secretPath(hub.root, "nats-hub-admin"),
            SKERRY_NATS_PASSWORD_EU_FILE: secretPath(region.root, "nats-eu-admin"),
          },
        },
      );
      return code === 0;
    },
    WITHIN_MS,
  );
  await Promise.all([starting, applying]);
  const password = await addDevice(
    "pump-1",
    [
      ...["--nats", `tls://operator@127.0.0.1:${hub.base}`],
      ...["--nats-password-file", secretPath(hub.root, "nats-hub-operator")],
    ],
    { ...tls, ...keyOf(hub.root) },
  );
  const publisher = ["-p", String(region.base + 7), "-P", password, "--cafile"];
  await expectStored("pump-1", [...publisher, tls.SKERRY_NATS_TLS_CA], hub);
}, 240_000);

/** Starts units, each once those are started that it is after. */
async function startAll(units: readonly UnitRun[]): Promise<void> {
  const started = new Map<string, Promise<void>>();
  const start = (unit: UnitRun): Promise<void> => {
    const known = started.get(unit.name);
    if (known) return known;
    const before = units.filter(({ name }) => unit.after.includes(`${name}.service`));
    const starting = Promise.all(before.map(start)).then(() => bringUp(unit));
    started.set(unit.name, starting);
    return starting;
  };
  await Promise.all(units.map(start)).catch((error: unknown) => {
    const ended = units.filter(({ type, hasEnded }) => type !== "oneshot" && hasEnded);
    throw new Error(ended.map(({ name, output }) => `${name} has ended: ${output}`).join("\n"), {
      cause: error,
    });
  });
}

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
