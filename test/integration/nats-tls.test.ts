// Goal: `tls://` is TLS, and whatever stands in its way is told in a sentence that names the option or the file.
// Method: real nats-servers with certificates of authorities of this test, and a tap on the wire; connections as
// processes and the command line make them.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SILENT } from "../../infra/cli/kit/connection.ts";
import type { NatsAccess, NatsTls } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { natsAccess, natsOptions } from "../../platform/nats/client/options.ts";
import { REGION_USERS } from "../../platform/nats/topology/permissions.ts";
import { passwordVariable, regionConfig } from "../../platform/nats/topology/server-config.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { Recorder } from "../support/recorder.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  type TestAuthority,
  place,
  placeCertificate,
  testAuthority,
} from "../support/tls-files.ts";

const PASSWORD = "swordfish-of-this-test";
const stack = new AsyncDisposableStack();
let directory: string;
let ours: TestAuthority;
let strangers: TestAuthority;
let ca: string;

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  [ours, strangers] = [await testAuthority("ours"), await testAuthority("strangers")];
  ca = place(directory, "ca.pem", ours.pem);
});
afterAll(() => stack.disposeAsync());

type Pair = Awaited<ReturnType<typeof placeCertificate>>;

/** A nats-server of its own with one user; `tls` are its flags. */
async function startServer(tls: readonly string[]): Promise<{ port: number } & AsyncDisposable> {
  const port = await freePort();
  const server: ServerProcess = new ServerProcess({
    name: "nats-server",
    program: "nats-server",
    args: ["-a", "127.0.0.1", "-p", String(port), "--user", "admin", "--pass", PASSWORD, ...tls],
    env: {},
    ready: () => Promise.resolve(server.output.includes("Server is ready")),
  });
  await server.start();
  return { port, [Symbol.asyncDispose]: () => server.kill() };
}

const flagsOf = ({ certificate, key }: Pair): string[] => [
  ...["--tls", "--tlscert", certificate, "--tlskey", key],
];
const SERVER = { kind: "server", hosts: ["localhost", "127.0.0.1"] } as const;

const accessTo = (
  port: number,
  tls: Partial<NatsTls> = { ca },
  host = "127.0.0.1",
): NatsAccess => ({
  url: `tls://admin:${PASSWORD}@${host}:${port}`,
  tls: { minVersion: "TLSv1.2", ...tls },
});

/** The sentence with which a process waits; the wait ends as soon as it was told. */
async function refusalOf(access: NatsAccess): Promise<string> {
  const told: string[] = [];
  const stop = new AbortController();
  const warn = (_: unknown, text: string): void => {
    told.push(text);
    stop.abort();
  };
  const logger = Object.assign(Object.create(SILENT) as typeof SILENT, { warn });
  const timeout = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]);
  await expect(connectNats({ ...access, name: "test" }, logger, timeout)).rejects.toThrow();
  return told.join("\n");
}

test("over TLS a process connects by name and by address; nobody on the wire hears the password", async () => {
  await using server = await startServer(
    flagsOf(await placeCertificate(join(directory, "good"), ours, SERVER)),
  );
  await using tap = await Recorder.before(server.port);
  for (const host of ["127.0.0.1", "localhost"]) {
    const access = accessTo(tap.port, { ca }, host);
    const connection = await connectNats(
      { ...access, name: "test" },
      SILENT,
      AbortSignal.timeout(5_000),
    );
    connection.publish("a", "a payload of this test");
    await connection.flush();
    await connection.close();
  }
  expect(tap.heard([PASSWORD, "a payload of this test", "CONNECT"])).toEqual([]);
});

test("tls:// leaves a server that offers no TLS before anything is said", async () => {
  await using server = await startServer([]);
  await using tap = await Recorder.before(server.port);
  const sentence =
    "127.0.0.1 offers no TLS, and SKERRY_NATS_URL says tls://: nothing was said to it";
  expect(await refusalOf(accessTo(tap.port))).toContain(sentence);
  const url = `tls://admin:${PASSWORD}@127.0.0.1:${tap.port}`;
  await expect(connectOnce({ url, reconnect: false, timeoutMs: 2_000 })).rejects.toThrow();
  const cli = ["devices", "list", "--nats", `tls://admin@127.0.0.1:${tap.port}`];
  const env = { SKERRY_NATS_PASSWORD: PASSWORD, SKERRY_NATS_TLS_CA: ca };
  expect(await skerry(cli, { env })).toMatchObject({
    code: 1,
    out: expect.stringContaining(sentence) as unknown,
  });
  expect(tap.connections).toBeGreaterThan(2);
  expect(tap.heard([PASSWORD, "CONNECT"])).toEqual([]);
  // The control: in clear text both are on the wire.
  const clear = { url: url.replace("tls:", "nats:"), reconnect: false, timeoutMs: 2_000 };
  await (await connectOnce(clear)).close();
  expect(tap.heard([PASSWORD, "CONNECT"])).toEqual([PASSWORD, "CONNECT"]);
});

test.for<[string, () => Promise<Pair>, RegExp, string]>([
  [
    "of another authority",
    () => placeCertificate(join(directory, "foreign"), strangers, SERVER),
    /certificate of 127\.0\.0\.1 is of no authority that is trusted \(.*\): SKERRY_NATS_TLS_CA names .*ca\.pem/,
    "127.0.0.1",
  ],
  [
    "for another name",
    () => placeCertificate(directory, ours, { kind: "server", hosts: ["elsewhere.example"] }),
    /not for 127\.0\.0\.1, as SKERRY_NATS_URL calls it: .*not in the cert.s list/,
    "127.0.0.1",
  ],
  [
    "for another name than that of its host",
    () => placeCertificate(directory, ours, { kind: "server", hosts: ["127.0.0.1"] }),
    /not for localhost, as SKERRY_NATS_URL calls it/,
    "localhost",
  ],
  [
    "that has expired",
    () => placeCertificate(join(directory, "expired"), ours, SERVER, "expired"),
    /not valid today \(certificate has expired\): renew the file that NATS_TLS_CERTIFICATE of its nats-server names/,
    "127.0.0.1",
  ],
])("a server with a certificate %s is refused", async ([, make, sentence, host]) => {
  await using server = await startServer(flagsOf(await make()));
  await using tap = await Recorder.before(server.port);
  expect(await refusalOf(accessTo(tap.port, { ca }, host))).toMatch(sentence);
  expect(tap.heard([PASSWORD])).toEqual([]);
});

test("without an authority of ours those of the system count, which do not know the server", async () => {
  await using server = await startServer(
    flagsOf(await placeCertificate(join(directory, "unknown"), ours, SERVER)),
  );
  expect(await refusalOf(accessTo(server.port, {}))).toMatch(/SKERRY_NATS_TLS_CA is unset/);
  const cli = ["devices", "list", "--nats", `tls://admin@127.0.0.1:${server.port}`];
  expect(await skerry(cli, { env: { SKERRY_NATS_PASSWORD: PASSWORD } })).toMatchObject({
    code: 1,
    out: expect.stringMatching(/SKERRY_NATS_TLS_CA is unset/) as unknown,
  });
});

test("a server that asks for certificates: none, a stranger's and one that has expired are refused", async () => {
  const at = join(directory, "asking");
  const flags = flagsOf(await placeCertificate(at, ours, SERVER));
  await using server = await startServer([...flags, "--tlsverify", "--tlscacert", ca]);
  const client = (name: string) => ({ kind: "client", name }) as const;
  const good = await placeCertificate(at, ours, client("good"));
  const foreign = await placeCertificate(at, strangers, client("foreign"));
  const expired = await placeCertificate(at, ours, client("expired"), "expired");
  const access = (pair: Partial<Pair>) => accessTo(server.port, { ca, ...pair });
  const connection = await connectOnce({ ...access(good), reconnect: false, timeoutMs: 2_000 });
  await connection.close();
  expect(await refusalOf(access({}))).toMatch(
    /127\.0\.0\.1 asks for a certificate of ours: SKERRY_NATS_TLS_CERTIFICATE is unset/,
  );
  for (const pair of [foreign, expired])
    expect(await refusalOf(access(pair))).toMatch(
      `SKERRY_NATS_TLS_CERTIFICATE names ${pair.certificate}`,
    );
});

test("a region with TLS says nothing to a hub that offers none", async () => {
  const at = join(directory, "leaf");
  const { certificate, key } = await placeCertificate(at, ours, SERVER);
  const leafPort = await freePort();
  const hub = place(at, "hub.conf", `leafnodes { listen: "127.0.0.1:${leafPort}" }\n`);
  await using server = await startServer(["-c", hub]);
  expect(server.port).toBeGreaterThan(0);
  await using tap = await Recorder.before(leafPort);
  const tls = { tls: { verified: "none" } } as const;
  const conf = place(at, "eu.conf", regionConfig({ regions: ["eu"] }, "eu", tls));
  await using region = new ServerProcess({
    ...{ name: "nats-server eu", program: "nats-server", args: ["-c", conf] },
    env: {
      NATS_LISTEN: `127.0.0.1:${await freePort()}`,
      NATS_MONITOR: `127.0.0.1:${await freePort()}`,
      NATS_STORE: join(at, "store"),
      NATS_LEAF_URL: `tls://leaf-eu:${PASSWORD}@127.0.0.1:${tap.port}`,
      ...{ NATS_TLS_CERTIFICATE: certificate, NATS_TLS_KEY: key, NATS_TLS_CA: ca },
      ...Object.fromEntries(
        [...REGION_USERS, "sys" as const].map((user) => [passwordVariable(user), "test-x"]),
      ),
    },
    ready: () => Promise.resolve(tap.connections > 1),
  });
  await region.start();
  expect(tap.heard([PASSWORD, "CONNECT"])).toEqual([]);
});

test("files that cannot be used, and clear text beside them, stop a process at its start", async () => {
  const table = natsOptions("a");
  const read = (env: Record<string, string>) => () => natsAccess(loadConfig(table, env));
  const url = { SKERRY_NATS_URL: "tls://a@hub:4222" };
  expect(read({ ...url, SKERRY_NATS_TLS_CA: "/nowhere/ca.pem" })).toThrow(
    /SKERRY_NATS_TLS_CA names a file that cannot be read: .*\/nowhere\/ca\.pem/,
  );
  expect(read({ ...url, SKERRY_NATS_TLS_CERTIFICATE: ca })).toThrow(/belong together/);
  expect(read({ SKERRY_NATS_URL: "nats://a:secret@hub:4222", SKERRY_NATS_TLS_CA: ca })).toThrow(
    `SKERRY_NATS_URL is nats://…@hub:4222, which is clear text, although SKERRY_NATS_TLS_CA names ${ca}: write tls://`,
  );
  expect(read({ SKERRY_NATS_URL: "http://a:secret@hub:4222" })).toThrow(
    'SKERRY_NATS_URL must be nats:// or tls://user@host:port, not "http://…@hub:4222"',
  );
  const main = await makeService("gateway/main.ts", {
    ...{ SKERRY_REGION: "eu", ...url, SKERRY_NATS_TLS_CA: "/nowhere/ca.pem" },
  });
  await expect(main.process.start()).rejects.toThrow(/SKERRY_NATS_TLS_CA names a file/);
});

test("a process says at its start that its password crosses the network in clear text", async () => {
  const gateway = await makeService("gateway/main.ts", {
    ...{ SKERRY_REGION: "eu", SKERRY_NATS_URL: "nats://gateway:secret@192.0.2.1:4222" },
  });
  const started = gateway.process.start().catch(() => undefined);
  const warning = "SKERRY_NATS_URL: the password goes to 192.0.2.1:4222 in clear text";
  await eventually("it is warned", () => gateway.process.output.includes(warning));
  expect(gateway.process.output).toContain("use tls://");
  await gateway.process.kill();
  await started;
});
