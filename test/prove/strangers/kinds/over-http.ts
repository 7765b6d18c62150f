// A program that sends over HTTP what another sends by MQTT: arrays and lines with bad elements between good ones, compressed, with
// an Idempotency-Key, and again after an answer. Each good reading counts once, each bad one is a reject with its reason.
import { gzipSync, zstdCompressSync } from "node:zlib";
import { telemetryTopic } from "../../../../contracts/names/topics.ts";
import type { Part } from "../http-client.ts";
import { STRANGERS, type Stranger } from "../stranger.ts";
import { machineReading } from "./machine.ts";

const DEVICE = `${STRANGERS}http`;
const REGION = "eu";
const EVERY_MS = 350;
const GOOD = 4;

export const overHttp = (): Stranger => ({
  send: async ({ client, http, random, pause, over }) => {
    const web = http(REGION);
    const link = client({ region: REGION, id: DEVICE });
    const topic = telemetryTopic(DEVICE, "machine");
    for (let made = 0, lastMs = 0; !over.aborted; made++) {
      const fromMs = Math.max(lastMs + 1, Date.now() - GOOD);
      lastMs = fromMs + GOOD;
      const good = Array.from({ length: GOOD }, (_, n): Part & { payload: string } => {
        const { payload, fate } = machineReading(
          DEVICE,
          fromMs + n,
          Math.round(random() * 9_000) / 100,
        );
        return { payload: JSON.stringify(payload), fates: [fate] };
      });
      const isLines = made % 2 === 0;
      const bad = badPart(made, fromMs);
      // Requests that wait for no reject are answered as soon as the log has their readings.
      const parts = made % 3 === 0 ? [good[0]!, good[1]!, bad, good[2]!, good[3]!] : good;
      const between = isLines ? "\n" : ",";
      const text = parts.map(({ payload }) => String(payload)).join(between);
      const compress = [undefined, gzipSync, zstdCompressSync][(made >> 1) % 3];
      const body = Buffer.from(isLines ? text : `[${text}]`);
      const request = {
        ...{ device: DEVICE, contract: "machine", parts },
        contentType: isLines ? "application/x-ndjson" : "application/json",
        body: compress ? compress(body) : body,
        headers: {
          ...(compress ? { "content-encoding": compress === gzipSync ? "gzip" : "zstd" } : {}),
          ...(made % 4 === 0 ? { "idempotency-key": `${DEVICE}-${made}` } : {}),
        },
      };
      // Now and then the same comes by MQTT, before the answer or behind it, and all of it once more.
      if (random() < 0.3) link.send({ topic, ...good[1]! });
      void web.send(request).then((answer) => {
        if (answer === null || over.aborted || made % 5 > 0) return;
        link.send({ topic, ...good[3]! });
        return web.send(request);
      });
      await pause(EVERY_MS);
    }
  },
});

/** @param n tells one from others. */
function badPart(n: number, now: number): Part {
  const of = (payload: string, reason: "not_json" | "contract_violation"): Part => ({
    payload,
    fates: [{ becomes: "reject", device: DEVICE, reason }],
  });
  const kinds = [
    () => of(`{"ts":${now},"n":${n},"temperature":`.concat("}"), "not_json"),
    () => of(`{"ts":${now},"temperature":"${n}"}`, "contract_violation"),
    () => of(`${n}`, "not_json"),
    () => of(`{"ts":${now},"temperature":${n + 1}e400}`, "contract_violation"),
  ];
  return kinds[(n >> 1) % kinds.length]!();
}
