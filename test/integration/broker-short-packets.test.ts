// Goal: whatever one connection's packet makes throw closes that connection, never the process
// (connection.ts/N1).
// Method: acknowledgements and publishes without a packet identifier, or with 0, after a CONNECT of
// each version, and in one burst with it; a bystander's connection must stay open meanwhile.
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
