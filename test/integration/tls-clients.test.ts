// Goal: our links to InfluxDB, mail servers and webhooks are TLS where they are told so: a server is who its authority
// says, shows our certificate if it asks, and nothing older than TLS 1.2 is spoken.
// Method: influxd with its own https, an https server and an SMTP server that offers STARTTLS, all real, with
// certificates of an authority of this test.
import { writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { join } from "node:path";
import { type TlsOptions, TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EmailSender } from "../../cloud/notifier/email-sender.ts";
import { makeMessage } from "../../cloud/notifier/message.ts";
import { WebhookSender } from "../../cloud/notifier/webhook-sender.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { setUpInflux, urlOfUser } from "../../cloud/sinks/influx/set-up.ts";
import { type ClientTls, clientTls, tlsOptions } from "../../platform/runtime/client-tls.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { SILENT } from "../../infra/cli/kit/connection.ts";
import { anAlert } from "../support/an-alert.ts";
import { INFLUX_PASSWORDS, startBareInflux } from "../support/influx.ts";
import * as certificates from "../support/mqtt-certificates.ts";
import { skerry } from "../support/skerry.ts";
import { eventually } from "../support/eventually.ts";
import { testAuthority } from "../support/tls-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const { AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY, DEVICE_CERTIFICATE, DEVICE_KEY } = certificates;
const OF = { name: "x", env: "SKERRY_X", server: "X" } as const;
const MESSAGE = makeMessage({ channel: "ops", region: "eu" }, { kind: "single", seqs: [1] }, [
  anAlert(),
])!;
const IDENTITY = { cert: SERVER_CERTIFICATE, key: SERVER_KEY };

const stack = new AsyncDisposableStack();
let directory: string;
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
beforeAll(async () => void (directory = stack.use(await temporaryDirectory()).path));
afterAll(() => stack.disposeAsync());

/** As a process reads it: variables in, options of TLS out. */
const read = (files: Record<string, string>, besideSystem = false): ClientTls => {
  const env = Object.fromEntries(
    Object.entries(files).map(([name, value]) => [`SKERRY_X_TLS_${name}`, value]),
  );
  return clientTls(loadConfig(tlsOptions({ ...OF, besideSystem }), env), { ...OF, besideSystem });
};
const trusting = (): ClientTls => read({ CA: file("ca.pem", AUTHORITY) });

async function httpsServer(options: TlsOptions = {}, host = "127.0.0.1") {
  const server = createHttpsServer({ ...IDENTITY, ...options }, (request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((done) => server.listen(0, host, done));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

test("influxd over its own https: users are made, points written and read; without its authority nothing is", async () => {
  const influx = stack.use(
    await startBareInflux(join(directory, "influx"), {
      INFLUXDB_HTTP_HTTPS_ENABLED: "true",
      INFLUXDB_HTTP_HTTPS_CERTIFICATE: file("server.pem", SERVER_CERTIFICATE),
      INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: file("server.key", SERVER_KEY),
    }),
  );
  const target = { url: influx.origin, database: "skerry", tls: trusting() };
  await setUpInflux({ target, passwords: INFLUX_PASSWORDS });
  const url = urlOfUser(influx.origin, "writer", INFLUX_PASSWORDS.writer);
  const writer = new InfluxClient({ ...target, url });
  await writer.write(["climate,device=a temperature=20 1000000000"]);
  expect(await writer.query("SELECT * FROM climate")).toHaveLength(1);
  for (const tls of [undefined, read({})])
    await expect(
      new InfluxClient({ url, database: "skerry", ...(tls && { tls }) }).query(
        "SELECT * FROM climate",
      ),
    ).rejects.toThrow(/certificate.*\(SKERRY_INFLUX_TLS_CA names the authority to trust\)/);
});

test("the command line makes users over https", async () => {
  await using influx = await startBareInflux(join(directory, "influx-cli"), {
    INFLUXDB_HTTP_HTTPS_ENABLED: "true",
    INFLUXDB_HTTP_HTTPS_CERTIFICATE: file("server.pem", SERVER_CERTIFICATE),
    INFLUXDB_HTTP_HTTPS_PRIVATE_KEY: file("server.key", SERVER_KEY),
  });
  const files = Object.entries(INFLUX_PASSWORDS).flatMap(([user, password]) => [
    ...[`--${user}-password-file`, file(user, `${password}\n`)],
  ]);
  const apply = ["influx", "apply", "--influx", influx.origin, ...files];
  expect(await skerry(apply)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/certificate/) as unknown,
  });
  expect(await skerry([...apply, "--tls-ca", file("ca.pem", AUTHORITY)])).toEqual({
    code: 0,
    out: "writer may write and read skerry, reader may read it\n",
  });
});

test("a webhook: who the authority does not know gets nothing; a server that asks gets our certificate", async () => {
  await using server = await httpsServer();
  const url = `https://127.0.0.1:${server.port}/`;
  const sent = (tls?: ClientTls, at = url) =>
    new WebhookSender({ url: at, format: "json" }, tls && { tls }).send(MESSAGE, null);
  expect(await sent(trusting())).toEqual({ kind: "delivered" });
  const ca = { CA: file("ca.pem", AUTHORITY) };
  expect(await sent(read(ca, true))).toEqual({ kind: "delivered" });
  for (const tls of [undefined, read({})])
    expect(await sent(tls)).toMatchObject({
      kind: "deferred",
      reason: expect.stringMatching(/certificate/) as unknown,
    });
  // The authority knows it, but by another name.
  await using elsewhere = await httpsServer({}, "127.0.0.2");
  expect(await sent(trusting(), `https://127.0.0.2:${elsewhere.port}/`)).toMatchObject({
    kind: "deferred",
    reason: expect.stringMatching(/altnames/) as unknown,
  });
  await using asking = await httpsServer({
    ...{ ca: AUTHORITY, requestCert: true, rejectUnauthorized: true },
  });
  const at = `https://127.0.0.1:${asking.port}/`;
  expect((await sent(trusting(), at)).kind).toBe("deferred");
  const [certificate, key] = [file("our.pem", DEVICE_CERTIFICATE), file("our.key", DEVICE_KEY)];
  const ours = read({ ...ca, CERTIFICATE: certificate, KEY: key });
  expect(await sent(ours, at)).toEqual({ kind: "delivered" });
});

test("nothing older than the lowest version is spoken", async () => {
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
  const send = async (options: TlsOptions, tls: ClientTls) => {
    await using server = await httpsServer(options);
    const url = `https://127.0.0.1:${server.port}/`;
    return (await new WebhookSender({ url, format: "json" }, { tls }).send(MESSAGE, null)).kind;
  };
  const strict = read({ CA: file("ca.pem", AUTHORITY), MIN_VERSION: "TLSv1.3" });
  expect(await send(old, trusting())).toBe("deferred");
  expect(await send({ maxVersion: "TLSv1.2" }, trusting())).toBe("delivered");
  expect(await send({ maxVersion: "TLSv1.2" }, strict)).toBe("deferred");
  expect(await send({}, strict)).toBe("delivered");
});

/** An SMTP server that takes one mail; `starttls` false: one from which somebody on the way has taken the offer. */
async function smtpServer({ starttls }: { starttls: boolean }) {
  const heard: string[] = [];
  const server = createServer((plain) => {
    let inData = false;
    const serve = (socket: Socket, secure: boolean): void => {
      const answer = (line: string): void => void socket.write(`${line}\r\n`);
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        for (const line of chunk.toString().split("\r\n").filter(Boolean)) {
          heard.push(`${secure ? "tls" : "clear"} ${line}`);
          if (inData) {
            if (line !== ".") continue;
            inData = false;
            answer("250 taken");
          } else if (line.startsWith("EHLO"))
            answer(`250-here\r\n${starttls && !secure ? "250-STARTTLS\r\n" : ""}250 AUTH PLAIN`);
          else if (line === "STARTTLS" && !starttls) answer("502 not here");
          else if (line === "STARTTLS") {
            answer("220 go on");
            socket.removeAllListeners("data");
            serve(new TLSSocket(socket, { ...IDENTITY, isServer: true }), true);
          } else if (line === "DATA") {
            inData = true;
            answer("354 go on");
          } else answer(line.startsWith("AUTH") ? "235 in" : "250 well");
        }
      });
    };
    serve(plain, false);
    plain.write("220 here\r\n");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { heard, url: `smtp://skerry:swordfish@127.0.0.1:${port}`, close: () => server.close() };
}

test("mail: with an authority, the password is said under TLS or not at all", async () => {
  const channel = { from: "a@example.org", to: ["b@example.org"] };
  const password = Buffer.from("\0skerry\0swordfish").toString("base64");
  const offering = await smtpServer({ starttls: true });
  const tls = trusting();
  const send = (url: string) => new EmailSender(channel, { url, tls }, SILENT).send(MESSAGE, null);
  expect(await send(offering.url)).toEqual({ kind: "delivered" });
  expect(offering.heard).toContain(`tls AUTH PLAIN ${password}`);
  const stripped = await smtpServer({ starttls: false });
  expect((await send(stripped.url)).kind).toBe("deferred");
  expect(stripped.heard.join("\n")).not.toContain(password);
  const untrusted = await smtpServer({ starttls: true });
  const system = { url: untrusted.url, tls: read({}) };
  expect((await new EmailSender(channel, system, SILENT).send(MESSAGE, null)).kind).toBe(
    "deferred",
  );
  expect(untrusted.heard.join("\n")).not.toContain(password);
  for (const { close } of [offering, stripped, untrusted]) close();
});

test("files that are renewed count from the next connection on, for InfluxDB, webhooks and mail", async () => {
  const strangers = (await testAuthority("strangers")).pem;
  const ca = file("renewed.pem", strangers);
  const tls = read({ CA: ca });
  await using server = await httpsServer();
  const webhook = new WebhookSender(
    { url: `https://127.0.0.1:${server.port}/`, format: "json" },
    { tls },
  );
  const influx = new InfluxClient({
    ...{ url: `https://127.0.0.1:${server.port}`, database: "skerry", tls },
  });
  const smtp = await smtpServer({ starttls: true });
  const channel = { from: "a@example.org", to: ["b@example.org"] };
  const email = new EmailSender(channel, { url: smtp.url, tls }, SILENT);
  const outcomes = async (): Promise<string[]> => [
    (await webhook.send(MESSAGE, null)).kind,
    (await email.send(MESSAGE, null)).kind,
    await influx.write(["a b=1"]).then(
      () => "delivered",
      () => "deferred",
    ),
  ];
  expect(await outcomes()).toEqual(["deferred", "deferred", "deferred"]);
  file("renewed.pem", AUTHORITY);
  await eventually("all are delivered", async () =>
    (await outcomes()).every((kind) => kind === "delivered"),
  );
  file("renewed.pem", "half of a fi");
  const laterMs = performance.now() + 1_200; // They are read once a second at most.
  await eventually("it goes on", async () => {
    expect(await outcomes()).toEqual(["delivered", "delivered", "delivered"]);
    return performance.now() > laterMs;
  });
  smtp.close();
});

test("what cannot be used is named, option and file", () => {
  const ca = file("ca.pem", AUTHORITY);
  expect(() => read({ CA: "/nowhere/ca.pem" })).toThrow(
    /^SKERRY_X_TLS_CA names a file that cannot be read: .*\/nowhere\/ca\.pem/,
  );
  const text = file("text", "hello");
  expect(() => read({ CA: text })).toThrow(`SKERRY_X_TLS_CA names ${text}, which is no PEM file`);
  const broken = file(
    "broken.pem",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  );
  expect(() => read({ CERTIFICATE: broken, KEY: file("d.key", DEVICE_KEY) })).toThrow(
    `SKERRY_X_TLS_CERTIFICATE names ${broken}: `,
  );
  expect(() => read({ CA: ca, CERTIFICATE: file("d.pem", DEVICE_CERTIFICATE) })).toThrow(
    /^SKERRY_X_TLS_CERTIFICATE and SKERRY_X_TLS_KEY belong together/,
  );
  const other = file("other.key", SERVER_KEY);
  expect(() => read({ CERTIFICATE: file("d.pem", DEVICE_CERTIFICATE), KEY: other })).toThrow(
    new RegExp(`^SKERRY_X_TLS_KEY names ${other}: .*mismatch`),
  );
  expect(() => read({ MIN_VERSION: "TLSv1" })).toThrow(
    'SKERRY_X_TLS_MIN_VERSION must be TLSv1.2 or TLSv1.3, not "TLSv1"',
  );
});
