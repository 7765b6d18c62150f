// Goal: whatever one connection's packet makes throw closes that connection, never the process
// (connection.ts/N1).
// Method: acknowledgements and publishes without a packet identifier, or with 0, after a CONNECT of
// each version, and in one burst with it; a bystander's connection must stay open meanwhile.
import { connect as connectSocket } from "node:net";
import { expect, test } from "vitest";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectPacket, publishPacket } from "../support/mqtt-client.ts";

const SHORT_PACKETS = [
  "62 00",
  "40 00",
  "50 00",
  "70 00",
  "62 01 00",
  "50 01 07",
  "62 02 00 00",
  "40 02 00 00",
  "50 02 00 00",
  "70 02 00 00",
  "32 03 00 01 28",
  "34 03 00 01 28",
  "32 05 00 01 28 00 00",
  "82 00",
  "a2 00",
];

const cases = SHORT_PACKETS.flatMap((hex) =>
  ([4, 5] as const).flatMap((protocolVersion) =>
    (["behind CONNACK", "in one burst with CONNECT"] as const).map(
      (when) => [hex, protocolVersion, when] as const,
    ),
  ),
);

test.for(cases)("%s on protocol version %i, %s", async ([hex, protocolVersion, when]) => {
  const packet = Buffer.from(hex.replaceAll(" ", ""), "hex");
  await using ours = await startTestBroker();
  using bystander = await RawClient.connect(ours.port, { clientId: "bystander" });
  using client = await RawClient.open(ours.port, protocolVersion);
  const connect = client.bytes(connectPacket({ clientId: "rude", protocolVersion }));
  if (when === "behind CONNACK") {
    client.socket.write(connect);
    await client.until(({ cmd }) => cmd === "connack");
    client.socket.write(packet);
  } else client.socket.write(Buffer.concat([connect, packet]));

  await expect.poll(() => client.closed, { timeout: 3000 }).toBe(true);
  bystander.send(publishPacket({ topic: "bystander", messageId: 1 }));
  await bystander.until(({ cmd }) => cmd === "puback", { timeoutMs: 2000 });
});

const USES_UNUSED_BITS = [
  ["34 06 00 01 70 00 01 78", "50 02 00 01"],
  ["6a 02 00 01", "70 02 00 01"], // PUBREL, sent again
  ["8a 06 00 02 00 01 71 00", "90 03 00 02 00"], // SUBSCRIBE, sent again
  ["ab 05 00 03 00 01 71", "b0 02 00 03"],
  ["c4 00", "d0 00"],
] as const;
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

async function exchange(port: number, packets: readonly string[]): Promise<string> {
  const socket = connectSocket(port, "127.0.0.1");
  socket.on("error", () => undefined);
  for (const packet of packets) socket.write(bytesOf(packet));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("hex");
}

test("MQTT 3.1 may set the bits that it does not use; MQTT 3.1.1 may not", async () => {
  await using ours = await startTestBroker();
  const connect31 = "14 0f 00 06 4d 51 49 73 64 70 03 03 00 0a 00 01 61";
  const sent = USES_UNUSED_BITS.map(([packet]) => packet);
  const answers = USES_UNUSED_BITS.map(([, answer]) => bytesOf(answer).toString("hex"));
  const disconnect = "e1 00";
  expect(await exchange(ours.port, [connect31, ...sent, disconnect])).toBe(
    ["20020000", ...answers].join(""),
  );
  const connect311 = "10 0d 00 04 4d 51 54 54 04 02 00 0a 00 01 62";
  expect(await exchange(ours.port, [connect311.replace("10", "14")])).toBe("");
  for (const packet of sent.slice(1))
    expect(["", "20020000"]).toContain(await exchange(ours.port, [connect311, packet]));
});
