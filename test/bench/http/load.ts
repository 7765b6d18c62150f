// A process that posts batches of readings, one request at a time on each connection: `node load.ts SPEC`, SPEC a `LoadSpec` as JSON.
// It answers on stdout with a `LoadFigures`. Sockets and text by hand: what a client's library costs would be measured as well.
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { build } from "hdr-histogram-js";
import { percentilesMs } from "../ingest/measure.ts";
import { SEQUENCE_BASE } from "../ingest/shape.ts";
import type { Credentials } from "../ingest/wire.ts";
import { FORMATS } from "./formats.ts";
import type { LoadFigures, LoadSpec } from "./protocol.ts";

const HEAD_END = "\r\n\r\n";

const spec = JSON.parse(process.argv[2]!) as LoadSpec;
const format = FORMATS[spec.format];
const latency = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 60e6,
  numberOfSignificantValueDigits: 3,
});
let [acknowledged, measured, requests] = [0, 0, 0];
const startMs = performance.now();
const measureFromMs = startMs + spec.warmupSeconds * 1_000;
const endMs = measureFromMs + spec.seconds * 1_000;

/** Posts until the time is over; the last request is waited for. */
async function post({ username, password }: Credentials): Promise<void> {
  const socket = connect(spec.port, "127.0.0.1");
  await once(socket, "connect");
  socket.setNoDelay(true);
  const fixed = [
    `POST ${format.path(username)} HTTP/1.1`,
    "Host: 127.0.0.1",
    `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    `Content-Type: ${format.contentType}`,
  ].join("\r\n");
  for (let next = SEQUENCE_BASE; performance.now() < endMs; next += spec.batch) {
    const nowMs = Date.now();
    const readings = Array.from({ length: spec.batch }, (_, at) =>
      format.reading(next + at, nowMs, username),
    );
    const body = format.body(readings);
    const sentMs = performance.now();
    socket.write(`${fixed}\r\nContent-Length: ${Buffer.byteLength(body)}${HEAD_END}${body}`);
    const status = await answerOf(socket);
    if (status !== format.status) throw new Error(`${username} was answered ${status}`);
    const answeredMs = performance.now();
    acknowledged += spec.batch;
    if (answeredMs < measureFromMs || answeredMs >= endMs) continue;
    measured += spec.batch;
    requests += 1;
    latency.recordValue(Math.max(1, Math.round((answeredMs - sentMs) * 1_000)));
  }
  socket.end();
}

/** The status of the next answer, once its body is there. */
function answerOf(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const take = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const head = text.indexOf(HEAD_END);
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
      if (text.length < head + HEAD_END.length + length) return;
      socket.off("data", take).off("close", gone);
      resolve(Number(text.slice(9, 12)));
    };
    const gone = (): void => reject(new Error(`the connection ended: ${text.slice(0, 300)}`));
    socket.on("data", take).once("close", gone).once("error", reject);
  });
}

await Promise.all(spec.credentials.map(post));
const figures: LoadFigures = {
  perSecond: measured / spec.seconds,
  acknowledged,
  requests,
  requestMs: percentilesMs(latency),
};
process.stdout.write(JSON.stringify(figures));
