// A proxy before InfluxDB that tells how long after its own time each line was stored: one ruler for
// everything that writes lines, whoever made them.
import { type IncomingMessage, type Server, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { type Histogram, build } from "hdr-histogram-js";

export interface TimedStore extends AsyncDisposable {
  readonly url: string;
  /** From the time of a line to the answer of the store that has it, ms; since the last `reset`. */
  readonly storedMs: Histogram;
  /** Lines of the measurement in all. */
  lines(): number;
  reset(): void;
}

const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000,
    numberOfSignificantValueDigits: 3,
  });

/** @param target the store, with its user. @param measurement whose lines are timed; times are nanoseconds, or what `precision` of the request says. */
export async function startTimedStore(target: string, measurement: string): Promise<TimedStore> {
  const at = new URL(target);
  const storedMs = histogram();
  let lines = 0;
  const server = createServer((incoming, outgoing) => {
    const body: Buffer[] = [];
    const onward = request({
      ...{ host: at.hostname, port: at.port, auth: `${at.username}:${at.password}` },
      ...{ method: incoming.method, path: incoming.url },
      headers: { ...incoming.headers, host: at.host },
    });
    incoming.on("data", (chunk: Buffer) => {
      body.push(chunk);
      onward.write(chunk);
    });
    incoming.on("end", () => onward.end());
    onward.on("error", () => outgoing.destroy());
    onward.on("response", (answer) => {
      const answeredMs = Date.now();
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
      if (answer.statusCode !== 204 || !incoming.url!.startsWith("/write")) return;
      // After the answer went on: what is counted here delays nobody.
      for (const timeMs of timesOf(
        textOf(incoming, Buffer.concat(body)),
        measurement,
        incoming.url!,
      )) {
        lines += 1;
        storedMs.recordValue(Math.max(1, answeredMs - timeMs));
      }
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    storedMs,
    lines: () => lines,
    reset: () => storedMs.reset(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const textOf = ({ headers }: IncomingMessage, body: Buffer): string =>
  (headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString();

const PER_MS: Readonly<Record<string, number>> = { ns: 1e6, n: 1e6, u: 1e3, us: 1e3, ms: 1 };

function* timesOf(text: string, measurement: string, path: string): Generator<number> {
  const { searchParams } = new URL(path, "http://store");
  const perMs = PER_MS[searchParams.get("precision") ?? "ns"]!;
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${measurement},`)) continue;
    yield Math.floor(Number(line.slice(line.lastIndexOf(" ") + 1)) / perMs);
  }
}

const listening = (server: Server): Promise<void> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
