// Bodies as they were before they were compressed, up to a bound whatever they blow up to.
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { Problem } from "./problem.ts";

type Decode = (body: Buffer, bounds: { maxOutputLength: number }) => Promise<Buffer>;

/** Decoders by the name that a client gives, which may be any word. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["br", promisify(brotliDecompress)],
  ["zstd", promisify(zstdDecompress)],
]);

export const ENCODINGS = "gzip, deflate, br, zstd";

/** @throws Problem 415 for an encoding that nobody knows, 413 for what is too large, 400 for what is none. */
export async function decodedBody(
  body: Buffer,
  encoding: string | undefined,
  bytesMax: number,
): Promise<Buffer> {
  const name = (encoding ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") return body;
  const decode = DECODERS.get(name);
  if (!decode)
    throw new Problem(415, `Content-Encoding is one of ${ENCODINGS}, not ${JSON.stringify(name)}`);
  try {
    return await decode(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new Problem(413, `the body has over ${bytesMax} bytes when it is decompressed`);
    throw new Problem(400, `the body is not ${name}, as its Content-Encoding says`);
  }
}
