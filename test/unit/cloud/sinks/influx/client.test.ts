import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { InfluxClient } from "../../../../../cloud/sinks/influx/client.ts";
import { AppError } from "../../../../../platform/runtime/errors.ts";

/** A server that gives every request the same answer. */
async function answering(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) =>
    request.resume().on("end", () => answer(response)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    client: new InfluxClient({ url, database: "skerry" }),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const json = (status: number, body: object) => (response: ServerResponse) =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const html = (status: number) => (response: ServerResponse) =>
  void response.writeHead(status, { "content-type": "text/html" }).end("<h1>no</h1>");
const text = (status: number, body: string) => (response: ServerResponse) =>
  void response.writeHead(status).end(body);

/** The verdict on a write or query, and the words with it. */
async function verdictOf(work: Promise<unknown>): Promise<[string, string]> {
  try {
    await work;
    return ["done", ""];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.disposition, error.message];
  }
}

test("a line is refused by InfluxDB alone: whoever else answers 400 is waited for, and no reading is given up", async () => {
  const partial = { error: 'partial write: field type conflict: input field "a" dropped=1' };
  for (const [answer, disposition] of [
    [json(400, partial), "reject"],
    [json(422, { code: "unprocessable entity", message: "failure writing points" }), "reject"],
    [json(400, { error: "partial write of line protocol occurred", data: [] }), "reject"],
    [html(413), "reject"], // A proxy's bound is of the request: half of it may pass.
    [html(400), "fatal"],
    [text(400, "Client sent an HTTP request to an HTTPS server.\n"), "fatal"],
    [text(422, ""), "fatal"],
    [json(401, { error: "authorization failed" }), "fatal"],
    [json(503, { error: "timeout" }), "retry"],
  ] as const) {
    await using server = await answering(answer);
    expect((await verdictOf(server.client.write(["a b=1 1"])))[0]).toBe(disposition);
  }
});

test("a write is acknowledged by 204 alone: a page that says 200 has stored nothing", async () => {
  await using influx = await answering((response) => void response.writeHead(204).end());
  expect(await verdictOf(influx.client.write(["a b=1 1"]))).toEqual(["done", ""]);
  for (const answer of [html(200), json(200, {}), text(202, "")]) {
    await using server = await answering(answer);
    const [disposition, message] = await verdictOf(server.client.write(["a b=1 1"]));
    expect(disposition).toBe("fatal");
    expect(message).toMatch(/answered 20[02] to a write, not 204: is it an InfluxDB\?/);
  }
});

test("an answer that is cut short or none of InfluxDB's is no result of a query", async () => {
  const series = [{ name: "a", columns: ["time", "b"], values: [["1970-01-01T00:00:00Z", 1]] }];
  await using whole = await answering(json(200, { results: [{ statement_id: 0, series }] }));
  expect(await whole.client.query("SELECT * FROM a")).toEqual([
    { time: "1970-01-01T00:00:00Z", b: 1 },
  ]);
  const cut = [
    { results: [{ statement_id: 0, series: [{ ...series[0], partial: true }] }] },
    { results: [{ statement_id: 0, series, partial: true }] },
  ];
  for (const body of cut) {
    await using server = await answering(json(200, body));
    const [disposition, message] = await verdictOf(server.client.query("SELECT * FROM a"));
    expect(disposition).toBe("reject");
    expect(message).toContain("max-row-limit");
  }
  for (const [error, disposition] of [
    ["error parsing query: found EOF", "reject"],
    ["max-select-point limit exceeed: (5001/5000)", "reject"],
    ["query-timeout limit exceeded", "retry"],
  ] as const) {
    await using server = await answering(json(200, { results: [{ statement_id: 0, error }] }));
    expect((await verdictOf(server.client.query("SELECT * FROM a")))[0]).toBe(disposition);
  }
  for (const answer of [html(200), json(200, {}), html(400)]) {
    await using server = await answering(answer);
    expect((await verdictOf(server.client.query("SELECT * FROM a")))[0]).toBe("retry");
  }
});

test("a 3.x is refused with the reason, by whatever name it says its version; 1.x and 2.x are not", async () => {
  const of = (version: string, status = 204) =>
    answering(
      (response) => void response.writeHead(status, { "X-Influxdb-Version": version }).end(),
    );
  for (const version of ["3.0.0", "v3.4.1", "3.1.0-nightly", "12.0.0"]) {
    await using influx = await of(version, 200);
    const [disposition, words] = await verdictOf(influx.client.join());
    expect(disposition).toBe("fatal");
    expect(words).toMatch(
      /^InfluxDB v?\d+\.\S+ is not supported, .* Take 1\.x .*SKERRY_SINK=file$/,
    );
  }
  for (const version of ["1.6.7~rc0", "1.8.10", "v2.7.12", "unknown", ""]) {
    await using influx = await of(version);
    expect(await influx.client.join()).toBeNull();
  }
});

test("a 2.x whose bucket is mapped to no database is told what does not work, and how it would", async () => {
  const { promise: port, resolve } = Promise.withResolvers<number>();
  const server = createServer((request, response) =>
    request.url!.startsWith("/ping")
      ? response.writeHead(204, { "x-influxdb-version": "v2.7.12" }).end()
      : json(404, { code: "not found", message: "failed to find DBRP mapping" })(response),
  );
  server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  const url = `http://127.0.0.1:${await port}`;
  const client = new InfluxClient({ url, database: "readings", api: "v2", token: "t" });
  expect(await client.join()).toMatch(
    /^InfluxDB takes writes, but cannot be asked \(.*DBRP mapping.*\): .*--db readings --rp autogen/,
  );
  await new Promise((done) => server.close(done));
});
