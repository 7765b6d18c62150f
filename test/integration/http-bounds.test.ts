// Goal: over HTTP the log's word and the bounds hold: 503 while the log is away, 429 over a rate, connections of an
// address bounded, TLS with client certificates.
// Method: a gateway as a real process with small bounds, its nats-server stopped and started.
import { copyFileSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { type Socket, connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CertificateAuthority, type KeyPair } from "../support/certificate-authority.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type HttpWorld, basic, environment, startHttpWorld } from "../support/http-world.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let world: HttpWorld;
let authority: CertificateAuthority;
let httpsPort: number;

beforeAll(async () => {
  const directory = stack.use(await temporaryDirectory()).path;
  authority = new CertificateAuthority(directory);
  const server = authority.sign("localhost", { rsa: true, san: "DNS:localhost,IP:127.0.0.1" });
  const files = { key: join(directory, "server.key"), certificate: join(directory, "server.pem") };
  copyFileSync(server.key, files.key);
  copyFileSync(server.certificate, files.certificate);
  httpsPort = await freePort();
  world = stack.use(
    await startHttpWorld({
      SKERRY_HTTPS_PORT: String(httpsPort),
      SKERRY_TLS_KEY: files.key,
      SKERRY_TLS_CERTIFICATE: files.certificate,
      SKERRY_TLS_CLIENT_AUTHORITIES: authority.certificate,
      SKERRY_LIMIT_PUBLISH_RATE_PER_SECOND: "100",
      SKERRY_LIMIT_PUBLISH_BURST: "200",
      SKERRY_LIMIT_REJECT_RATE_PER_SECOND: "1",
      SKERRY_LIMIT_REJECT_BURST: "10",
      SKERRY_HTTP_ADDRESS_CONNECTIONS_MAX: "20",
      SKERRY_HTTP_HELD_BYTES_MAX: String(8 * 1024 ** 2),
    }),
  );
});
afterAll(() => stack.disposeAsync());

const to = (device: string) => `/v1/devices/${device}/telemetry/environment`;

const readings = (from: number, count: number, over = {}): string =>
  `[${Array.from({ length: count }, (_, n) => environment(from + n, over)).join(",")}]`;

async function register(id: string): Promise<Record<string, string>> {
  const headers = basic(id, await world.put(id));
  await eventually("the region knows the record", async () => {
    expect((await world.post(to(id), "", headers)).status).toBe(400);
  });
  return headers;
}

test("over its rate a device hears 429 and when to come back; others hear nothing of it", async () => {
  const headers = await register("fast");
  const calm = await register("calm");
  expect((await world.post(to("fast"), readings(1, 500), headers)).json).toMatchObject({
    stored: 500,
  });
  const over = await world.post(to("fast"), readings(501, 1), headers);
  expect(over.status).toBe(429);
  const waitS = Number(over.headers.get("retry-after"));
  expect(waitS).toBeGreaterThanOrEqual(1);
  expect(waitS).toBeLessThanOrEqual(4);
  expect((await world.post(to("calm"), environment(1), calm)).status).toBe(200);
  await eventually("the rate allows it again", async () => {
    expect((await world.post(to("fast"), readings(501, 1), headers)).status).toBe(200);
  });
});

test("InfluxDB 1.x's programs hear 503 in its place: what is answered 429 they drop", async () => {
  const headers = await register("line");
  expect((await world.post(to("line"), readings(1, 500), headers)).status).toBe(200);
  const over = await world.post("/write", "environment,device=line co2=1", headers);
  expect([over.status, over.headers.has("retry-after")]).toEqual([503, true]);
  expect(over.json["error"]).toMatch(/more is sent/);
});

test("a body of which nothing is taken has its price, and so has one that blows up", async () => {
  const headers = await register("junk");
  const junk = "x".repeat(300 * 1024);
  const unread = { ...headers, "content-type": "video/mp4" };
  expect((await world.post(to("junk"), junk, unread)).status).toBe(415);
  expect((await world.post(to("junk"), environment(1), headers)).status).toBe(429);
  const bomb = gzipSync(Buffer.alloc(8 * 1024 ** 2));
  const other = await register("bomb");
  const packed = { ...other, "content-encoding": "gzip" };
  expect((await world.post(to("bomb"), bomb, packed)).status).toBe(413);
  const after = await world.post(to("bomb"), environment(1), other);
  expect([after.status, Number(after.headers.get("retry-after")) > 30]).toEqual([429, true]);
});

test("bodies take room while they arrive: who is slow holds no more than others, and gives it back", async () => {
  const headers = await register("slow");
  const head = [
    `POST ${to("slow")} HTTP/1.1`,
    ...["Host: localhost", "Content-Type: application/json", "Content-Length: 1000000"],
    `Authorization: ${headers["authorization"]}`,
  ].join("\r\n");
  const sockets = Array.from({ length: 12 }, () => {
    const socket = connect(world.httpPort, "127.0.0.1");
    socket.on("error", () => undefined).on("data", () => undefined);
    socket.write(`${head}\r\n\r\n`);
    socket.write(Buffer.alloc(900 * 1024, " "));
    return socket;
  });
  const held = async (): Promise<number> =>
    Number(/^skerry_gateway_http_held_size_bytes(?:{[^}]*})? (\d+)/m.exec(await metrics())?.[1]);
  const metrics = async (): Promise<string> => (await fetch(world.gateway.url("/metrics"))).text();
  await eventually("eight find no room, and hear so", () => {
    expect(sockets.filter(({ bytesRead }) => bytesRead > 0)).toHaveLength(8);
  });
  expect(await held()).toBe(4 * 900 * 1024);
  for (const socket of sockets) socket.destroy();
  await eventually("there is room again", async () => expect(await held()).toBe(0));
});

test("so does whoever is refused too often", async () => {
  const headers = await register("wrong");
  const refused = await world.post(to("wrong"), readings(1, 15, { co2: "x" }), headers);
  expect([refused.status, refused.json["rejected"]]).toEqual([422, 15]);
  expect((await world.post(to("wrong"), environment(1), headers)).status).toBe(429);
});

test("without the log nothing is answered as stored, and all of it is once it is back", async () => {
  const headers = await register("patient");
  const server = world.nats.region("eu").process;
  await server.stop();
  try {
    const held = await world.post(to("patient"), environment(1), headers);
    expect([held.status, held.headers.has("retry-after")]).toEqual([503, true]);
    await eventually("the gateway has noticed, and says so at once", async () => {
      const refused = await world.post(to("patient"), environment(2), headers);
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    });
  } finally {
    await server.start();
  }
  await eventually("the log takes readings again", async () => {
    const again = await world.post(to("patient"), readings(1, 2), headers);
    expect(again.json).toMatchObject({ rejected: 0, elements: [{}, {}] });
  });
  await eventually("both are in the log", async () => {
    const sequences = (await world.logged("patient")).map(({ payload }) => payload["seq"]);
    expect(new Set(sequences)).toEqual(new Set([1, 2]));
  });
});

test("an address has so many connections, and no more", async () => {
  const sockets: Socket[] = [];
  let closed = 0;
  for (let n = 0; n < 60; n++) {
    const socket = connect(world.httpPort, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.once("close", () => (closed += 1));
    sockets.push(socket);
  }
  try {
    await eventually("what is too many is closed", () => {
      expect(closed).toBeGreaterThanOrEqual(40);
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

const overTls = (pair: KeyPair | null, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const shown = pair && { key: readFileSync(pair.key), cert: readFileSync(pair.certificate) };
    const asked = request(
      {
        ...{ host: "127.0.0.1", port: httpsPort, path, method: "POST", agent: false },
        ...{ ca: readFileSync(authority.certificate), servername: "localhost", ...shown },
        headers: { "content-type": "application/json" },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      },
    );
    asked.once("error", reject);
    asked.end(environment(1));
  });

test("over TLS a certificate is as good as a secret", async () => {
  await world.put("shown", { credentials: [{ kind: "certificate" }] });
  const pair = authority.sign("shown");
  await eventually("the region knows the record", async () => {
    expect(await overTls(pair, to("shown"))).toBe(200);
  });
  expect(await overTls(null, to("shown"))).toBe(401);
  expect(await overTls(pair, to("calm"))).toBe(403);
});
