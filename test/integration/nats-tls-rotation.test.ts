// Goal: every certificate and every password of a set-up in which everything speaks TLS is renewed, while devices
// publish: nothing that was acknowledged is lost, and acknowledgements go on. Nothing can be read on the WAN.
// Method: hub, two regions, InfluxDB, gateways, an engine and an aggregator, all real, TLS on every link, certificates
// demanded of everybody; a tap between regions and hub. The control is the same without TLS.
import { basename, dirname, join } from "node:path";
import { connect } from "node:tls";
import { setTimeout as wait } from "node:timers/promises";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type {
  AggregatorStatus,
  GatewayStatus,
  SimulatorStatus,
} from "../../contracts/messages/status.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { setUpInflux, urlOfUser } from "../../cloud/sinks/influx/set-up.ts";
import { readLedger } from "../../device-sim/ledger.ts";
import { audit } from "../../infra/local/audit.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import { clientTls, tlsOptions } from "../../platform/runtime/client-tls.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { INFLUX_PASSWORDS, startBareInflux } from "../support/influx.ts";
import {
  type NatsUnderTest,
  type NatsWorld,
  clientTlsOf,
  passwordOf,
  startHubAndRegions,
} from "../support/nats.ts";
import { Recorder } from "../support/recorder.ts";
import { type Service, logContents, startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  type TestAuthority,
  place,
  placeCertificate,
  testAuthority,
} from "../support/tls-files.ts";

const REGIONS = ["eu", "us"] as const;
type Region = (typeof REGIONS)[number];
const LOCAL = ["localhost", "127.0.0.1"];
/** Longer would be more than a connection that is made again. */
const SILENCE_MS_MAX = 5_000;
/** Texts that tell somebody on the WAN a secret, or what devices said. */
const TELLING = [
  "test-leaf-eu",
  "test-leaf-us",
  "room-eu-01",
  "room-us-01",
  '"temperature"',
  "TELEMETRY_eu",
];

/** bcrypt, of cost 8: a server may know less than what opens it. */
const HASHES: Readonly<Record<string, string>> = {
  "renewed-aggregator": "$2a$08$abcdefghijklmnopqrstuujgCU3ZZE8rgF7TrehRr9e0tJ/rrj4Wa",
  "renewed-leaf-eu": "$2a$08$abcdefghijklmnopqrstuufLnw5WhD1GwKPM8B6rtbb9AdcYxpG2.",
};

const stack = new AsyncDisposableStack();
let directory: string;
afterAll(() => stack.disposeAsync());
beforeAll(async () => void (directory = stack.use(await temporaryDirectory()).path));

/** All certificates of the set-up, issued by one authority. */
async function placeAll(at: string, authority: TestAuthority): Promise<void> {
  for (const name of ["hub", ...REGIONS, "mqtt", "influx"]) {
    const { certificate, key } = await authority.issue({ kind: "server", hosts: LOCAL });
    place(at, `${name}.key`, key);
    place(at, `${name}.pem`, certificate);
  }
  for (const name of ["client", ...REGIONS.map((region) => `leaf-${region}`)])
    await placeCertificate(at, authority, { kind: "client", name });
}

/** Who signed the certificate that a TLS port shows, or a nats-server on its port. */
async function issuerAt(
  nats: NatsUnderTest,
  tls: ReturnType<typeof clientTlsOf>,
): Promise<boolean> {
  const connection = await connectOnce({ url: nats.url, tls, reconnect: false, timeoutMs: 3_000 });
  await connection.close();
  return true;
}

const issuerOf = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).issuer);
      socket.destroy();
    });
    socket.once("error", reject);
  });

/** The longest time for which a gateway stored nothing more, and so acknowledged nothing, from now on. */
function watchGateway(gateway: Service): { end(): Promise<number> } {
  const stop = new AbortController();
  let [count, sinceMs, longestMs] = [0, performance.now(), 0];
  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { readingsStored } = await gateway.status<GatewayStatus>();
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - sinceMs);
      if (readingsStored > count) [count, sinceMs] = [readingsStored, nowMs];
      await wait(20);
    }
  };
  const watching = watch();
  watching.catch(() => undefined); // It is told at the end.
  return {
    end: async () => {
      stop.abort();
      await watching;
      return longestMs;
    },
  };
}

const acknowledge = async (devices: Service, more: number): Promise<void> => {
  const { acknowledged: before } = await devices.status<SimulatorStatus>();
  await eventually(`${more} more readings are acknowledged`, async () => {
    const { acknowledged } = await devices.status<SimulatorStatus>();
    return acknowledged >= before + more;
  });
};

/** Changes a password among the variables of a server. */
function exchange({ variables }: NatsUnderTest, was: string, is: string, clear?: "clear"): void {
  const known = clear ? is : (HASHES[is] ?? is);
  const text = readFileSync(variables, "utf8").replaceAll(was, () => known);
  place(dirname(variables), basename(variables), text);
}

interface SetUp {
  readonly world: NatsWorld;
  readonly tap: Recorder;
  readonly gateways: Record<Region, { service: Service; port: number }>;
  readonly devices: Service;
  readonly ledger: string;
}

const passwordFile = (user: string): string => join(directory, `password-${user}`);

/** A process of ours as a user of one server; its password is in a file. */
const as = (
  user: NatsUser,
  server: NatsUnderTest,
  files: string | null,
): Record<string, string> => ({
  SKERRY_NATS_URL: server.urlOf(user).replace(/:[^:@/]+@/, "@"),
  SKERRY_NATS_PASSWORD_FILE: passwordFile(user),
  ...(files === null
    ? {}
    : {
        SKERRY_NATS_TLS_CA: join(files, "ca.pem"),
        SKERRY_NATS_TLS_CERTIFICATE: join(files, "client.pem"),
        SKERRY_NATS_TLS_KEY: join(files, "client.key"),
      }),
});

/** @param files of certificates; null for clear text. @param trusted by devices. */
async function startSetUp(files: string | null, trusted = ""): Promise<SetUp> {
  let tap: Recorder | undefined;
  const world = stack.use(
    await startHubAndRegions({
      regions: REGIONS,
      passwordFiles: true,
      ...(files === null ? {} : { tls: { verified: "all", directory: files } }),
      wan: async (port) => (tap = stack.use(await Recorder.before(port))).port,
    }),
  );
  for (const user of ["gateway", "alerting", "aggregator"] as const)
    place(directory, `password-${user}`, `${passwordOf(user)}\n`);
  const gateways: Partial<SetUp["gateways"]> = {};
  for (const region of REGIONS) {
    const port = await freePort();
    const listener =
      files === null
        ? { SKERRY_MQTT_PORT: String(port) }
        : {
            ...{ SKERRY_MQTT_PORT: "none", SKERRY_MQTTS_PORT: String(port) },
            SKERRY_TLS_CERTIFICATE: join(files, "mqtt.pem"),
            SKERRY_TLS_KEY: join(files, "mqtt.key"),
          };
    const service = await startService("gateway/main.ts", {
      ...{ SKERRY_REGION: region, SKERRY_ANONYMOUS: "loopback", ...listener },
      ...as("gateway", world.region(region), files),
    });
    stack.use(service.process);
    gateways[region] = { service, port };
  }
  const ledger = join(directory, `ledger-${files === null ? "clear" : "tls"}.jsonl`);
  const scheme = files === null ? "mqtt" : "mqtts";
  const devices = await startService("device-sim/main.ts", {
    SKERRY_GATEWAYS: REGIONS.map(
      (region) => `${region}=${scheme}://localhost:${gateways[region]!.port}`,
    ).join(","),
    ...{ SKERRY_DEVICES: "10", SKERRY_RATE: "200", SKERRY_LEDGER: ledger },
    ...(trusted === "" ? {} : { NODE_EXTRA_CA_CERTS: trusted }),
  });
  stack.use(devices.process);
  await acknowledge(devices, 300);
  return { world, tap: tap!, gateways: gateways as SetUp["gateways"], devices, ledger };
}

test("all certificates and passwords are renewed under load: nothing is lost, acknowledgements go on, the wire tells nothing", async () => {
  const files = join(directory, "files");
  const [old, next] = [await testAuthority("old"), await testAuthority("next")];
  const both = place(directory, "both.pem", old.pem + next.pem);
  await placeAll(files, old);
  const ca = place(files, "ca.pem", old.pem);
  const influx = stack.use(
    await startBareInflux(join(directory, "influx"), {
      INFLUXDB_HTTP_HTTPS_ENABLED: "true",
      INFLUXDB_HTTP_HTTPS_CERTIFICATE: join(files, "influx.pem"),
      INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: join(files, "influx.key"),
    }),
  );
  const of = { name: "x", env: "SKERRY_X", server: "X" } as const;
  const tls = clientTls(loadConfig(tlsOptions(of), { SKERRY_X_TLS_CA: ca }), of);
  const target = { url: influx.origin, database: "skerry", tls };
  await setUpInflux({ target, passwords: INFLUX_PASSWORDS });
  const { world, tap, gateways, devices, ledger } = await startSetUp(files, both);
  const aggregator = await startService("cloud/aggregator/main.ts", {
    ...as("aggregator", world.hub, files),
    SKERRY_REGIONS: REGIONS.join(","),
    SKERRY_INFLUX_URL: urlOfUser(influx.origin, "writer", INFLUX_PASSWORDS.writer),
    SKERRY_INFLUX_TLS_CA: ca,
  });
  stack.use(aggregator.process);
  const alerting = await startService("gateway/alerting/main.ts", {
    ...{ SKERRY_REGION: "eu", ...as("alerting", world.region("eu"), files) },
  });
  stack.use(alerting.process);
  const servers = [world.hub, ...REGIONS.map((region) => world.region(region))];
  // A reload of the hub (2.9.10) leaves mirrors that find no way back once their region was away: it starts again.
  const reload = async (): Promise<void> => {
    for (const region of REGIONS) world.region(region).process.reload();
    await world.hub.process.stop();
    await world.hub.process.start();
    for (const { service } of Object.values(gateways)) service.process.reload();
    await acknowledge(devices, 100);
  };
  const renewed = clientTlsOf({ directory: files, verified: "all" });
  const watched = REGIONS.map((region) => watchGateway(gateways[region].service));

  // The new authority beside the old one; then certificates by it; then the old one goes.
  place(files, "ca.pem", old.pem + next.pem);
  await reload();
  await placeAll(files, next);
  await reload();
  await influx.process.restart();
  place(files, "ca.pem", next.pem);
  await reload();
  for (const { port } of Object.values(gateways))
    await eventually("the gateway shows its new certificate", async () =>
      (await issuerOf(port)).includes("next"),
    );

  // Every connection is made anew: those over the WAN, and those of a user whose password changes.
  tap.cut();
  await acknowledge(devices, 100);
  for (const user of ["gateway", "alerting", "aggregator"] as const) {
    place(directory, `password-${user}`, `renewed-${user}\n`);
    for (const server of servers) exchange(server, passwordOf(user), `renewed-${user}`);
    await reload();
  }
  const oldPassword = { url: world.region("eu").urlOf("gateway"), tls: renewed };
  await expect(connectOnce({ ...oldPassword, reconnect: false, timeoutMs: 3_000 })).rejects.toThrow(
    /Authorization/,
  );
  // That of a leaf: the hub first, then the region's server, which has to start again for it.
  exchange(world.hub, passwordOf("leaf-eu"), "renewed-leaf-eu");
  await reload();
  exchange(world.region("eu"), passwordOf("leaf-eu"), "renewed-leaf-eu", "clear");
  await world.region("eu").process.stop();
  await world.region("eu").process.start();
  await acknowledge(devices, 300);
  const silences = await Promise.all(watched.map((one) => one.end()));
  console.log(`longest silences: ${silences.map((ms) => Math.round(ms)).join(" and ")} ms`);
  expect(Math.max(...silences)).toBeLessThan(SILENCE_MS_MAX);

  // What was is of no use any more.
  const stale = join(directory, "stale");
  await placeAll(stale, old);
  place(stale, "ca.pem", next.pem);
  for (const server of servers) {
    expect(await issuerAt(server, renewed)).toBe(true);
    await expect(
      issuerAt(server, clientTlsOf({ directory: stale, verified: "all" })),
    ).rejects.toThrow();
  }

  await devices.process.stop("SIGTERM");
  const reader = new InfluxClient({
    ...{ url: urlOfUser(influx.origin, "reader", INFLUX_PASSWORDS.reader), database: "skerry" },
    tls,
  });
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const stoppedMs = performance.now();
  const result = await eventually(
    "everything acknowledged is in InfluxDB",
    async () => {
      await wait(500);
      const found = await audit(readLedger(ledger), reader, catalog, REGIONS);
      return found.missing === 0 && found;
    },
    90_000, // nats-server gives a mirror whose origin was away another try in half a minute.
  );
  console.log(`all stored after ${Math.round(performance.now() - stoppedMs)} ms`);
  expect(result.acknowledged).toBeGreaterThan(1_000);
  expect(result).toMatchObject({ missing: 0, duplicated: 0 });
  const { losses } = await aggregator.status<AggregatorStatus>();
  expect(losses).toEqual([]);
  for (const region of REGIONS) {
    const log = await logContents(await world.region(region).connect(), region);
    expect(log.size).toBeGreaterThan(500);
  }
  expect(tap.bytes.length).toBeGreaterThan(100_000);
  expect(tap.heard([...TELLING, "CONNECT"])).toEqual([]);
});

test("the control: without TLS the same search finds passwords, devices, payloads and streams", async () => {
  const { tap, devices } = await startSetUp(null);
  await devices.process.stop("SIGTERM");
  await eventually("all of it was on the wire", () => tap.heard(TELLING).length === TELLING.length);
});
