import { headers } from "nats";
import { expect, test } from "vitest";
import type { NatsConnection } from "../../../../../platform/nats/client/connection.ts";
import { readRange } from "../../../../../platform/nats/client/stored-range.ts";

/** A stream of a cluster: each message is of subject `a`, and `DIRECT.GET` is answered by a replica that has the first few. */
function clusterOf(held: number, ofReplica: number) {
  const asked: string[] = [];
  const request = (subject: string, body: string | Uint8Array) => {
    asked.push(subject);
    const text = typeof body === "string" ? body : Buffer.from(body).toString();
    const { seq } = JSON.parse(text) as { seq: number };
    const time = new Date(0).toISOString();
    if (subject === "$JS.API.DIRECT.GET.S") {
      const has = seq <= ofReplica;
      const answer = headers(has ? 0 : 404, has ? "" : "Message Not Found");
      if (has) {
        answer.set("Nats-Sequence", String(seq));
        answer.set("Nats-Subject", "a");
        answer.set("Nats-Time-Stamp", time);
      }
      return Promise.resolve({ headers: answer, data: Buffer.from(has ? `${seq}` : "") });
    }
    const missing = { code: 404, err_code: 10037, description: "no message found" };
    const message = { subject: "a", seq, time, data: Buffer.from(`${seq}`).toString("base64") };
    const said = seq <= held ? { message } : { error: missing };
    const data = Buffer.from(JSON.stringify({ type: "answer", ...said }));
    return Promise.resolve({ data, json: () => JSON.parse(data.toString()) as unknown });
  };
  return { asked, request };
}

async function read(
  cluster: ReturnType<typeof clusterOf>,
  range: { from: number; until: number; known?: number },
): Promise<number[]> {
  const { request } = cluster;
  const manager = {
    streams: {
      getMessage: async (stream: string, query: object) => {
        const answer = await request(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify(query));
        const { message } = JSON.parse(answer.data.toString()) as {
          message?: { subject: string; seq: number; time: string; data: string };
        };
        if (!message) throw new Error("asked beyond the end");
        const data = Buffer.from(message.data, "base64");
        return { ...message, data, time: new Date(message.time) };
      },
    },
  };
  const connection = {
    request,
    jetstreamManager: () => Promise.resolve(manager),
  } as unknown as NatsConnection;
  const seqs: number[] = [];
  for await (const { seq } of readRange(connection, { stream: "S", subject: "a", ...range }))
    seqs.push(seq);
  return seqs;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

test("a replica that lags does not make a reader pass over what the stream holds", async () => {
  expect(await read(clusterOf(50, 7), { from: 1, until: 50 })).toEqual(upTo(50));
  expect(await read(clusterOf(50, 0), { from: 1, until: 50 })).toEqual(upTo(50));
});

test("what was told of is read though a replica lacks it, and what nobody told of may wait", async () => {
  const told = clusterOf(20, 7);
  expect(await read(told, { from: 1, until: Infinity, known: 20 })).toEqual(upTo(20));
  const untold = clusterOf(20, 7);
  expect(await read(untold, { from: 1, until: Infinity })).toEqual(upTo(7));
  expect(untold.asked.every((subject) => subject.includes("DIRECT.GET"))).toBe(true);
});
