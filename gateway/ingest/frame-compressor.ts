import { constants, createZstdCompress } from "node:zlib";
import { COMPRESS_FROM_BYTES } from "../../contracts/messages/frame.ts";

/** A window that most frames fit into; readers have to make room for it, frame by frame. */
const WINDOW_LOG = 16;

/**
 * One zstd context for one partition, off the main thread. A context for every frame, as
 * `zstdCompressSync` makes it, is a megabyte of memory outside the heap: at 2,500 frames a second
 * the collector stopped the gateway for 20 ms every second. Each result is a whole zstd frame
 * (`ZSTD_e_end` ends it, and the context begins anew), so any reader can decompress it alone.
 *
 * Compress one frame at a time: the next one after the promise is settled.
 */
export function makeFrameCompressor(): (bytes: Buffer) => Promise<Uint8Array> {
  const stream = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: WINDOW_LOG },
    flush: constants.ZSTD_e_end,
  });
  let chunks: Buffer[] = [];
  let fail: (error: Error) => void = () => undefined;
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", (error) => fail(error));
  return (bytes) => {
    if (bytes.length < COMPRESS_FROM_BYTES) return Promise.resolve(bytes);
    return new Promise((resolve, reject) => {
      fail = reject;
      stream.write(bytes, () => {
        const [first, ...rest] = chunks;
        chunks = [];
        if (first) resolve(rest.length === 0 ? first : Buffer.concat([first, ...rest]));
      });
    });
  };
}
