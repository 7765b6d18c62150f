// Goal: whoever examines an installation is told what is wrong, why and what to do, within seconds, whatever hangs.
// Method: real servers and processes; things are stopped, frozen, expired and laid open; the command line as a process.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../../infra/certificates/authority.ts";
import type { Finding } from "../../infra/cli/doctor/finding.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { eventually } from "../support/eventually.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let edge: Edge;
let influx: InfluxUnderTest;
let directory: string;

interface Doctor {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

/** Levels other than fine, as `subject (area) level: what`. */
const told = ({ findings }: Doctor): string =>
  findings
    .filter(({ level }) => level !== "fine")
    .map(({ subject, area, level, what }) => `${subject} (${area}) ${level}: ${what}`)
    .join("\n");

async function doctor(...args: string[]): Promise<Doctor> {
  const { code, out } = await skerry(["doctor", "--json", ...args], { cwd: directory });
  try {
    return { code, ...(JSON.parse(out) as { findings: Finding[] }) };
  } catch {
    throw new Error(`no JSON: ${out}`);
  }
}

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  edge = stack.use(await startEdge({ devices: 2, rate: 10, partitions: 1 }));
  influx = stack.use(await startInflux());
  const aggregator = await makeAggregator(edge.nats, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
  stack.use(aggregator.process);
  await aggregator.process.start();
  const engine = await startService("gateway/alerting/main.ts", {
    ...{ SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" },
    SKERRY_NATS_URL: edge.nats.region("eu").urlOf("alerting"),
  });
  stack.use(engine.process);
  mkdirSync(join(directory, ".skerry/secrets"), { recursive: true });
  const addresses = {
    nats: { hub: edge.nats.hub.url, eu: edge.nats.region("eu").url },
    influx: influx.urlOf("reader"),
    status: {
      "gateway-eu": edge.gateway.url("/status"),
      "alerting-eu": engine.url("/status"),
      aggregator: aggregator.url("/status"),
    },
  };
  const own = { mode: 0o600 };
  writeFileSync(join(directory, ".skerry/addresses.json"), JSON.stringify(addresses), own);
  writeFileSync(join(directory, ".skerry/secrets/hub-admin"), "secret", own);
  mkdirSync(join(directory, "backups"));
  writeFileSync(join(directory, "backups/manifest.json"), "{}");
}, 90_000);

afterAll(() => stack.disposeAsync());

test("of an installation that is well nothing is told but its versions and its retention", async () => {
  await eventually("nothing else is told", async () => {
    const found = await doctor("--backups", "backups");
    const others = found.findings.filter(
      ({ level, area }) => level !== "fine" && !["versions", "retention"].includes(area),
    );
    return others.length === 0 && found.code !== 3;
  });
  const { findings } = await doctor("--backups", "backups");
  const areas = new Set(findings.map(({ area }) => area));
  for (const area of ["ports", "health", "lanes", "streams", "clocks", "secrets", "backups"])
    expect(areas).toContain(area);
  // The hub's copies of the region's log, which its server does not list.
  expect(findings.map(({ subject }) => subject)).toContain("nats-hub TELEMETRY_eu");
  for (const { level, right, next } of findings)
    if (level !== "fine") expect([typeof right, typeof next]).toEqual(["string", "string"]);
}, 90_000);

test("files: a secret that others may read, an expired certificate, no backup", async () => {
  const nowMs = Date.now() - 10 * 86_400_000;
  const authority = await makeAuthority("test", { nowMs, validMs: 86_400_000 });
  writeFileSync(join(directory, "old.pem"), authority.certificate);
  mkdirSync(join(directory, "empty"), { recursive: true });
  const secret = join(directory, ".skerry/secrets/hub-admin");
  chmodSync(secret, 0o644);
  const found = await doctor("--backups", "empty", "--certificate", "old.pem");
  chmodSync(secret, 0o600);
  expect(found.code).toBe(3);
  expect(told(found)).toMatch(/hub-admin \(secrets\) wrong: holds a secret, .* \(mode 644\)/);
  expect(told(found)).toMatch(/old\.pem \(certificates\) wrong: the certificate of "test" expired/);
  expect(told(found)).toMatch(/empty \(backups\) wrong: holds no backup/);
}, 60_000);

test("streams that are missing or set otherwise are named, with the command that mends it", async () => {
  const manager = await (await edge.nats.hub.connect()).jetstreamManager();
  await manager.streams.update("ALERTS_hub", { max_bytes: 1_000_000 });
  await manager.streams.delete("COMMANDS");
  const found = await doctor("--backups", "backups");
  expect(told(found)).toMatch(/topology \(streams\) wrong: hub: stream COMMANDS is missing/);
  expect(told(found)).toMatch(/wrong: hub: stream ALERTS_hub: max_bytes is 1000000, planned \d+/);
  const { next } = found.findings.find(
    ({ subject, level }) => subject === "topology" && level === "wrong",
  )!;
  expect(next).toContain("npx skerry topology apply --hub URL --region eu=URL --copies 'none'");
}, 60_000);

test("servers that hang, or are away, are findings within seconds, and hold up nothing else", async () => {
  const region = edge.nats.region("eu").process;
  process.kill(influx.process.pid!, "SIGSTOP");
  process.kill(region.pid!, "SIGSTOP");
  await edge.nats.hub.process.kill();
  try {
    const startMs = performance.now();
    const found = await doctor("--backups", "backups");
    expect(performance.now() - startMs).toBeLessThan(30_000);
    expect(found.code).toBe(3);
    expect(told(found)).toMatch(/influxd \(health\) unknown: .*no answer within 5 s/);
    expect(told(found)).toMatch(/nats-eu \(health\) unknown: .*No Skerry answers/);
    expect(told(found)).toMatch(/nats-hub \(ports\) unknown: .*nothing listens there/);
    expect(told(found)).toMatch(/aggregator \(health\) wrong: is not ready: .*nats-server of hub/);
    expect(found.findings.some(({ area, level }) => area === "secrets" && level === "fine")).toBe(
      true,
    );
  } finally {
    process.kill(influx.process.pid!, "SIGCONT");
    process.kill(region.pid!, "SIGCONT");
    await edge.nats.hub.process.start();
  }
}, 90_000);

test("any command ends whose nats-server takes the connection and says nothing", async () => {
  await using silent = createServer((socket) => void socket.on("error", () => undefined));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const url = `nats://operator@127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const { code, out } = await skerry(["devices", "list", "--nats", url]);
  expect([code, out]).toEqual([1, expect.stringContaining("No Skerry answers at 127.0.0.1:")]);
}, 20_000);

test("without an installation here it says what to name", async () => {
  const { code, out } = await skerry(["doctor"], { cwd: "/" });
  expect(code).not.toBe(0);
  expect(out).toContain("No local installation is here");
});
