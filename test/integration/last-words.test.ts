// Goal: the last line of a process, which says why it ended, is sent to a receiver of logs like any other.
// Method: real processes that cannot start or are told to stop, and a receiver that keeps what it is sent.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { makeService, startService } from "../support/services.ts";

interface Receiver {
  readonly url: string;
  /** Bodies and severities of all log records so far. */
  readonly lines: { body: string; severity: string }[];
}

interface LogRequest {
  resourceLogs: {
    scopeLogs: { logRecords: { body: { stringValue: string }; severityText: string }[] }[];
  }[];
}

async function startReceiver(): Promise<Receiver> {
  const lines: Receiver["lines"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url === "/v1/logs") {
        const { resourceLogs } = JSON.parse(Buffer.concat(chunks).toString()) as LogRequest;
        for (const { scopeLogs } of resourceLogs)
          for (const { logRecords } of scopeLogs)
            for (const { body, severityText } of logRecords)
              lines.push({ body: body.stringValue, severity: severityText });
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.closeAllConnections());
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lines };
}

const link = (listen: number, target: number, { url }: Receiver) => ({
  SKERRY_LINK_SIDE: "hub",
  SKERRY_LINK_LISTEN: `127.0.0.1:${listen}`,
  SKERRY_LINK_TARGET: `127.0.0.1:${target}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
});

test("why a process ended is sent", async () => {
  const receiver = await startReceiver();
  const taken = Number(new URL(receiver.url).port);
  const service = await makeService("infra/link/main.ts", link(taken, await freePort(), receiver));
  await using _ = service.process;
  await expect(service.process.start()).rejects.toThrow(/ended while starting/);
  expect(receiver.lines).toContainEqual({
    body: expect.stringContaining(`SKERRY_LINK_LISTEN 127.0.0.1:${taken}`) as string,
    severity: "FATAL",
  });
});

test("that a process was told to stop is sent", async () => {
  const receiver = await startReceiver();
  const service = await startService(
    "infra/link/main.ts",
    link(await freePort(), await freePort(), receiver),
  );
  await using _ = service.process;
  expect(await service.process.stop("SIGTERM")).toBe(0);
  expect(receiver.lines.at(-1)).toEqual({ body: "stopped", severity: "INFO" });
});
