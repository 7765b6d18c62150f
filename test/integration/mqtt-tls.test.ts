// Goal: MQTT over TLS only, certificates demanded, pinned, revoked and renewed without a restart.
// Method: a real gateway on a real region server; certificates made by openssl; mosquitto_pub and mqtt.js.
import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Credential, certificateFingerprint, deviceKey } from "../../contracts/device.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { ensureInstalled, searchDirectories } from "../../infra/local/prerequisites.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { CertificateAuthority, type KeyPair } from "../support/certificate-authority.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
const run = promisify(execFile);
let directory: string;
let world: NatsWorld;
let devices: Bucket;
let authority: CertificateAuthority;
let ports: { mqtts: number; wss: number };
let gateway: ServerProcess;
const files = { key: "", certificate: "", lists: "" };

/** Installs a file as a renewal does: whole, under its name. */
function install(text: string, path: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const put = (id: string, ...credentials: Credential[]): Promise<unknown> =>
  devices.put(
    deviceKey(id),
    JSON.stringify({ id, role: "device", credentials, createdAtMs: Date.now() }),
  );

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  devices = await Bucket.open(await world.hub.connect(), "devices");
  authority = new CertificateAuthority(directory);
  const server = authority.sign("localhost", { rsa: true, san: "DNS:localhost,IP:127.0.0.1" });
  Object.assign(files, {
    key: join(directory, "server.key"),
    certificate: join(directory, "server.pem"),
    lists: join(directory, "lists.pem"),
  });
  copyFileSync(server.key, files.key);
  copyFileSync(server.certificate, files.certificate);
  install(authority.revoke(), files.lists);
  ports = { mqtts: await freePort(), wss: await freePort() };
  const service = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").url,
    SKERRY_MQTT_PORT: "none",
    SKERRY_MQTTS_PORT: String(ports.mqtts),
    SKERRY_WSS_PORT: String(ports.wss),
    SKERRY_WSS_HOST: "127.0.0.2",
    SKERRY_TLS_KEY: files.key,
    SKERRY_TLS_CERTIFICATE: files.certificate,
    SKERRY_TLS_CLIENT_AUTHORITIES: authority.certificate,
    SKERRY_TLS_CLIENT_CERTIFICATES: "required",
    SKERRY_TLS_REVOCATION_LISTS: files.lists,
  });
  gateway = stack.use(service.process);
});
afterAll(() => stack.disposeAsync());

const shown = ({ key, certificate }: KeyPair) => ({
  ca: readFileSync(authority.certificate),
  key: readFileSync(key),
  cert: readFileSync(certificate),
});

const login = (id: string, pair: KeyPair) =>
  connectClient(
    ports.mqtts,
    { protocolVersion: 5, clientId: id, servername: "localhost", ...shown(pair) },
    "mqtts",
  );

/** The code with which mosquitto_pub ends a publish of a device with a certificate. */
async function publish(id: string, pair: KeyPair | null, more: string[] = []): Promise<number> {
  const { mosquitto_pub: program } = ensureInstalled(
    { mosquitto_pub: "mosquitto-clients" },
    "Only the tests need it: sudo apt-get install -y mosquitto-clients",
    {
      directories: searchDirectories(process.env["PATH"] ?? ""),
      root: false,
      say: () => undefined,
    },
  );
  const args = [
    ...["-h", "localhost", "-p", String(ports.mqtts), "-V", "5", "-q", "1", "-i", id],
    ...["-t", `devices/${id}/telemetry/environment`, "-m", "{}"],
    ...["--cafile", authority.certificate],
    ...(pair ? ["--cert", pair.certificate, "--key", pair.key] : []),
    ...more,
  ];
  return run(program, args, { timeout: 20_000 }).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
}

/** The protocol and cipher of a handshake, or the word that it was refused with. */
const shake = (options: object): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({
      port: ports.mqtts,
      host: "127.0.0.1",
      servername: "localhost",
      ...options,
    });
    socket.once("secureConnect", () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

test("there is no plain listener, and each listener has its own address", async () => {
  const [, listening = ""] = await gateway.said(/"addresses":(\{.*?\}\})/);
  expect(JSON.parse(listening)).toEqual({
    mqtts: { host: "127.0.0.1", port: ports.mqtts },
    wss: { host: "127.0.0.2", port: ports.wss },
  });
  const at = (host: string, more: object = {}) => shake({ host, port: ports.wss, ...more });
  const pair = authority.sign("anyone");
  expect(await at("127.0.0.2", shown(pair))).toContain("TLSv1.3");
  expect(await at("127.0.0.1", shown(pair))).toBe("ECONNREFUSED");
});

test("a certificate is demanded, of an authority that is known", async () => {
  const secret = generateSecret();
  await put("valve", { kind: "certificate" }, secretCredential(secret));
  const valve = authority.sign("valve");
  const stranger = new CertificateAuthority(directory, "strangers").sign("valve");
  await eventually("it is let in", async () => (await publish("valve", valve)) === 0);
  expect(await publish("valve", null, ["-u", "valve", "-P", secret])).not.toBe(0);
  expect(await publish("valve", stranger)).not.toBe(0);
  expect(await publish("other", valve)).not.toBe(0);
});

test("a record with a fingerprint means that one certificate", async () => {
  const [old, present] = [authority.sign("pump", { as: "pump-1" }), authority.sign("pump")];
  const fingerprint = certificateFingerprint(authority.fingerprint(present));
  await put("pump", { kind: "certificate", fingerprint });
  await eventually("it is let in", async () => (await publish("pump", present)) === 0);
  expect(await publish("pump", old)).not.toBe(0);
});

test("forward secrecy and authenticated encryption only, TLS 1.2 at least", async () => {
  const one = shown(authority.sign("ciphers"));
  const old = { ...one, maxVersion: "TLSv1.2", ciphers: "ALL:@SECLEVEL=0" };
  expect(await shake(old)).toMatch(/^TLSv1.2 ECDHE-RSA-(AES\d+-GCM|CHACHA20)/);
  for (const ciphers of ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA256"])
    expect(await shake({ ...old, ciphers })).toMatch(/HANDSHAKE_FAILURE$/);
  const ancient = { ...old, minVersion: "TLSv1", maxVersion: "TLSv1.1" };
  expect(await shake(ancient)).toMatch(/^ERR_SSL/);
});

test("a certificate is revoked, and one renewed, without a restart or the end of a connection", async () => {
  const [leaver, stayer] = [authority.sign("leaver"), authority.sign("stayer")];
  await Promise.all([
    put("leaver", { kind: "certificate" }),
    put("stayer", { kind: "certificate" }),
  ]);
  await eventually("both are let in", async () => {
    return (await publish("leaver", leaver)) === 0 && (await publish("stayer", stayer)) === 0;
  });
  await using there = await login("stayer", stayer);
  there.on("error", () => undefined);
  let closed = 0;
  there.on("close", () => closed++);

  // What cannot be used changes nothing.
  const before = readFileSync(files.lists, "utf8");
  install("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", files.lists);
  process.kill(gateway.pid!, "SIGHUP");
  await eventually("it is told", () => gateway.output.includes("cannot be used"));
  expect(await publish("stayer/2", stayer, ["-t", "devices/stayer/x"])).toBe(0);
  install(before, files.lists);

  install(authority.revoke(leaver), files.lists);
  process.kill(gateway.pid!, "SIGHUP");
  await eventually("the leaver is refused", async () => (await publish("leaver", leaver)) !== 0);
  expect(await publish("stayer/2", stayer, ["-t", "devices/stayer/x"])).toBe(0);

  // Without a signal, within ten seconds: key first, then the certificate that belongs to it.
  const next = authority.sign("localhost", { as: "next", san: "DNS:localhost,IP:127.0.0.1" });
  install(readFileSync(next.key, "utf8"), files.key);
  install(readFileSync(next.certificate, "utf8"), files.certificate);
  await eventually("the new key is in use", async () => {
    const cipher = await shake({ ...shown(stayer), maxVersion: "TLSv1.2" });
    return cipher.includes("ECDHE-ECDSA");
  });
  expect(closed).toBe(0);
  const reading = { seq: 1, temperature: 21, humidity: 40, light: 300, co2: 640, occupancy: 1 };
  const topic = "devices/stayer/telemetry/environment";
  await there.publishAsync(topic, JSON.stringify(reading), { qos: 1 });
});
