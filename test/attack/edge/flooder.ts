// Floods a listener of HTTP from a thread of its own, so that whoever measures is not slowed down by it.
import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { type Socket, connect } from "node:net";
import { workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";

/** What is sent, again and again; `held` opens connections and never ends what it sends. */
export interface Flood {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyName;
  /** Requests under way at once. */
  readonly parallel: number;
  readonly isHeld?: boolean;
  /** Each request has an Idempotency-Key of its own. */
  readonly isKeyed?: boolean;
}

const MIB = 1024 ** 2;
const reading = (at: number, over = ""): string => `{"ts":${Date.now() - at},"value":${at}${over}}`;
const many = (count: number, over = ""): string =>
  `[${Array.from({ length: count }, (_, at) => reading(at, over)).join(",")}]`;

const BODIES = {
  lines: () => Buffer.alloc(4 * MIB - 2, "1\n"),
  array: () =>
    Buffer.concat([Buffer.from("["), Buffer.alloc(4 * MIB - 4, "1,"), Buffer.from("1]")]),
  one: () => Buffer.from(reading(0)),
  good: () => Buffer.from(many(10_000)),
  most: () => Buffer.from(many(90_000)),
  mostRefused: () => Buffer.from(many(70_000, ',"no":1')),
  refused: () => Buffer.from(many(10_000, ',"no":1')),
  bomb: () => gzipSync(Buffer.alloc(64 * MIB)),
  deep: () => Buffer.alloc(255 * 1024, "["),
  slow: () => Buffer.alloc(4 * MIB - 10, " "),
} satisfies Record<string, () => Buffer>;
export type BodyName = keyof typeof BODIES;

function once(flood: Flood, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const { port, path } = flood;
    const key = flood.isKeyed ? { "idempotency-key": randomUUID() } : {};
    const headers = { ...flood.headers, ...key };
    const sent = request({
      host: "127.0.0.1",
      port,
      path,
      method: "POST",
      agent,
      headers,
    });
    sent
      .once("error", () => resolve())
      .once("response", (answer) => {
        answer
          .resume()
          .once("close", resolve)
          .once("error", () => resolve());
      });
    sent.end(body);
  });
}

function hold({ port, path, headers }: Flood, body: Buffer): Socket {
  const socket = connect(port, "127.0.0.1")
    .on("error", () => undefined)
    .on("data", () => undefined);
  const lines = Object.entries({
    ...headers,
    host: "localhost",
    "content-length": String(body.length + 1),
  });
  socket.write(
    `POST ${path} HTTP/1.1\r\n${lines.map((line) => line.join(": ")).join("\r\n")}\r\n\r\n`,
  );
  socket.write(body);
  return socket;
}

async function run(flood: Flood): Promise<void> {
  const body = BODIES[flood.body]();
  if (flood.isHeld) {
    for (let at = 0; at < flood.parallel; at++) hold(flood, body);
    return;
  }
  const agent = new Agent({ keepAlive: true, maxSockets: flood.parallel });
  const sender = async (): Promise<never> => {
    for (;;) await once(flood, agent, body);
  };
  await Promise.race(Array.from({ length: flood.parallel }, sender));
}

if (workerData !== null) await run(workerData as Flood);
