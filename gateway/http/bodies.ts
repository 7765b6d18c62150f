// Bodies as they were before they were compressed, up to a bound whatever they blow up to.
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { Problem } from "./problem.ts";

interface Decoded {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Decode = (
  body: Buffer,
  bounds: { readonly maxOutputLength: number; readonly info: true },
) => Promise<Decoded>;

/** A decoder of zlib with `info`, which gives more than the bytes, and which the types do not know. */
const decoder = (decode: unknown): Decode =>
  promisify(
    decode as (
      ...of: [...Parameters<Decode>, done: (error: Error | null, decoded: Decoded) => void]
    ) => void,
  );

/** Decoders by the name that a client gives, which may be any word. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["gzip", decoder(gunzip)],
  ["x-gzip", decoder(gunzip)],
  ["deflate", decoder(inflate)],
  ["br", decoder(brotliDecompress)],
  ["zstd", decoder(zstdDecompress)],
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
  let decoded: Decoded;
  try {
    decoded = await decode(body, { maxOutputLength: bytesMax, info: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new Problem(413, `the body has over ${bytesMax} bytes when it is decompressed`);
    throw new Problem(400, `the body is not ${name}, as its Content-Encoding says`);
  }
  // Most decoders pass over what is behind their end: readings there would be lost while 200 is answered.
  if (decoded.engine.bytesWritten !== body.length)
    throw new Problem(400, `the body goes on behind the end of its ${name}`);
  return decoded.buffer;
}
