// Keeps nats-servers from compressing what passes through a link themselves, as those from 2.10 on do by default: what
// is compressed already the link can make no smaller, and it cannot tell alerts from the log.
// Source: nats-server, server/leafnode.go: a leaf compresses if the first line of the server that it dials, INFO, names
// a way of it.

const START = Buffer.from("INFO ", "latin1");
const CRLF = Buffer.from("\r\n", "latin1");
/** A longer first line is none of a nats-server. */
const LINE_BYTES_MAX = 64 * 1024;

/** Takes a nats-server's bytes, and returns them with an INFO at their head that offers no compression. */
export class LeafInfo {
  #waiting: Buffer | null = Buffer.alloc(0);

  take(chunk: Buffer): Buffer {
    if (this.#waiting === null) return chunk;
    const bytes = Buffer.concat([this.#waiting, chunk]);
    const compared = Math.min(bytes.length, START.length);
    const isInfo = bytes.subarray(0, compared).equals(START.subarray(0, compared));
    const end = isInfo ? bytes.indexOf(CRLF) : 0;
    if (end < 0 && bytes.length <= LINE_BYTES_MAX) {
      this.#waiting = bytes;
      return Buffer.alloc(0);
    }
    this.#waiting = null;
    if (end <= 0) return bytes;
    return Buffer.concat([withoutCompression(bytes.subarray(0, end)), bytes.subarray(end)]);
  }
}

function withoutCompression(line: Buffer): Buffer {
  let info: unknown;
  try {
    info = JSON.parse(line.toString("utf8", START.length));
  } catch {
    return line;
  }
  if (typeof info !== "object" || info === null || !("compression" in info)) return line;
  const { compression: _, ...rest } = info;
  return Buffer.from(`INFO ${JSON.stringify(rest)}`);
}
