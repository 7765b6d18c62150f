// Requests that no client should send: each is answered or ends its own connection, and a good element in it is stored.
import { connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type Poison, post, rejectedAs, seen } from "./poison.ts";

const MIB = 1024 ** 2;
const ANSWERED_WITHIN_MS = 20_000;

const reading = (n: number): string => JSON.stringify({ ts: Date.now() - n, temperature: n });

/** A request whose answer has to have this status. */
const answered = (
  name: string,
  status: number,
  body: () => string | Buffer,
  headers: Readonly<Record<string, string>> = {},
  path?: string,
): Poison => ({
  name: `a request: ${name}`,
  deliver: async (into, id) => {
    const answer = await post(into, id, body(), headers, path);
    if (answer.status !== status)
      throw new Error(`answered ${answer.status}, not ${status}: ${answer.text.slice(0, 200)}`);
    return seen(`answered ${status}`);
  },
});

/** Good and bad elements together: the good ones are answered as stored, the bad one is a reject. */
const mixed = (name: string, body: () => string | Buffer, contentType: string): Poison => ({
  name: `a request: ${name}`,
  deliver: async (into, id) => {
    const { status, text } = await post(into, id, body(), { "content-type": contentType });
    const { stored, rejected } = JSON.parse(text) as { stored?: number; rejected?: number };
    if (status !== 207 || stored !== 2 || rejected !== 1)
      throw new Error(`answered ${status} ${text.slice(0, 200)}`);
    return rejectedAs("not_json", id);
  },
});

/** Bytes as they are, and then the end: whatever is answered, the connection ends or is answered with a refusal. */
const raw = (name: string, head: readonly string[], body: string): Poison => ({
  name: `bytes over HTTP: ${name}`,
  deliver: async ({ httpPort }, id) => {
    const socket = connect(httpPort, "127.0.0.1");
    socket.on("error", () => undefined);
    let said = "";
    socket.on("data", (bytes) => (said += bytes.toString("latin1")));
    const path = `/v1/devices/${id}/telemetry/machine`;
    const lines = [`POST ${path} HTTP/1.1`, "Host: localhost", ...head, "", body];
    const closed = new Promise<void>((resolve, reject) => {
      socket.once("close", () => resolve());
      const late = (): void => reject(new Error("neither answered nor closed"));
      setTimeout(late, ANSWERED_WITHIN_MS).unref();
    });
    socket.end(lines.join("\r\n"));
    await closed;
    if (/^HTTP\/1.1 2/.test(said)) throw new Error(`answered ${said.slice(0, 200)}`);
    return seen(said === "" ? "connection closed" : said.slice(0, said.indexOf("\r\n")));
  },
});

const JSON_TYPE = "Content-Type: application/json";
const write = "/api/v2/write";

const bombs = Object.entries({
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}).flatMap(([name, encode]) => {
  const headers = { "content-encoding": name };
  const small = () => encode(Buffer.from(`[${reading(1)}]`));
  return [
    answered(`${name} that blows up to 20 MiB`, 413, () => encode(Buffer.alloc(20 * MIB)), headers),
    answered(`${name} cut off`, 400, () => small().subarray(0, -2), headers),
    answered(
      `${name} with more behind it`,
      400,
      () =>
        Buffer.concat(
          [small(), small()]
            .slice(0, name === "gzip" || name === "zstd" ? 1 : 2)
            .concat(Buffer.from("more")),
        ),
      headers,
    ),
  ];
});

export const REQUESTS: readonly Poison[] = [
  ...bombs,
  answered("nothing", 400, () => ""),
  answered("an encoding that nobody knows", 415, () => reading(1), { "content-encoding": "lzma" }),
  answered("a content type that nobody reads", 415, () => reading(1), {
    "content-type": "image/png",
  }),
  answered("4 MiB of commas", 413, () => `[${",".repeat(4 * MIB - 10)}`),
  answered("two million lines", 413, () => "1\n".repeat(2 * MIB - 10), {
    "content-type": "application/x-ndjson",
  }),
  answered("4 MiB of points", 413, () => "m v=1\n".repeat((4 * MIB) / 6 - 10), {}, write),
  answered("5 MiB", 413, () => Buffer.alloc(5 * MIB, " ")),
  answered("a key of 300 characters", 400, () => reading(1), {
    "idempotency-key": "k".repeat(300),
  }),
  mixed(
    "half a line between two",
    () => `${reading(1)}\n${reading(2).slice(0, -4)}\n${reading(3)}`,
    "application/x-ndjson",
  ),
  mixed(
    "an array with an element that is none",
    () => `[${reading(1)},tru,${reading(3)}]`,
    "application/json",
  ),
  mixed(
    "ill-formed UTF-8 between two",
    () => Buffer.from(`[${reading(1)},"\xff\xfe",${reading(3)}]`, "latin1"),
    "application/json",
  ),
  mixed("an array that never ends", () => `[${reading(1)},${reading(2)},[[[[`, "application/json"),
  {
    name: "a request: a key that comes again with another body",
    deliver: async (into, id) => {
      const headers = { "idempotency-key": "one" };
      const first = await post(into, id, reading(1), headers);
      const other = await post(into, id, reading(2), headers);
      if (first.status !== 200 || other.status !== 422)
        throw new Error(`answered ${first.status} and ${other.status}`);
      return seen("answered 200 and 422");
    },
  },
  raw("fewer bytes than Content-Length", [JSON_TYPE, "Content-Length: 500"], reading(1)),
  raw("a Content-Length below 0", [JSON_TYPE, "Content-Length: -5"], reading(1)),
  raw("two Content-Lengths", [JSON_TYPE, "Content-Length: 5", "Content-Length: 50"], reading(1)),
  raw(
    "length and chunks at once",
    [JSON_TYPE, "Content-Length: 5", "Transfer-Encoding: chunked"],
    "0\r\n\r\n",
  ),
  raw("chunks cut off", [JSON_TYPE, "Transfer-Encoding: chunked"], "20\r\n{"),
  raw("a chunk of no length", [JSON_TYPE, "Transfer-Encoding: chunked"], "zz\r\n{}\r\n0\r\n\r\n"),
  raw("a chunk of 2^63 bytes", [JSON_TYPE, "Transfer-Encoding: chunked"], "7fffffffffffffff\r\n{"),
  raw("headers without end", [`X: ${"x".repeat(100_000)}`], ""),
];
