// Answers every QoS 1 publish at once and does nothing else: what the load generator can reach when
// no broker holds it back. argv[2]: port.
import { createServer } from "node:net";

const CONNACK = Buffer.from([0x20, 2, 0, 0]);

/** The next packet's first byte, end and packet identifier, or null while it is incomplete. */
function packetAt(bytes: Buffer, at: number): { type: number; end: number; body: number } | null {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return null;
    length |= (byte & 0x7f) << (7 * index);
    if (byte & 0x80) continue;
    const body = at + 2 + index;
    return body + length <= bytes.length
      ? { type: bytes[at]! >> 4, end: body + length, body }
      : null;
  }
  throw new Error("malformed length");
}

createServer({ noDelay: true }, (socket) => {
  let rest: Buffer | null = null;
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    // A PUBLISH is never shorter than its PUBACK.
    const answers = Buffer.allocUnsafe(Math.max(bytes.length, 4));
    let size = 0;
    let at = 0;
    for (let packet = packetAt(bytes, at); packet; packet = packetAt(bytes, at)) {
      if (packet.type === 1) size += CONNACK.copy(answers, size);
      else if (packet.type === 3) {
        const identifier = packet.body + 2 + bytes.readUInt16BE(packet.body);
        answers[size] = 0x40;
        answers[size + 1] = 2;
        answers[size + 2] = bytes[identifier]!;
        answers[size + 3] = bytes[identifier + 1]!;
        size += 4;
      } else if (packet.type === 14) socket.end();
      at = packet.end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : null;
    if (size > 0) socket.write(answers.subarray(0, size));
  });
}).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
