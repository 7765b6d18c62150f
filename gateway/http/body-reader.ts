// The body of a request as it comes: it takes room while it arrives, so that a client that is slow holds no more than
// one that is fast.
import type { Readable } from "node:stream";
import { Problem } from "./problem.ts";

export interface BodyBounds {
  /** The number in the header Content-Length; NaN without one. */
  readonly declared: number;
  readonly bytesMax: number;
  /** Takes room for so many bytes more. @throws Problem if there is none. */
  readonly take: (bytes: number) => void;
}

/**
 * Resolves with the body once all of it is there. What is left of one that is refused is read and dropped.
 * @throws Problem 413 for what is too large, and what `take` throws.
 */
export function readBody(stream: Readable, { declared, bytesMax, take }: BodyBounds) {
  return new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let isRefused = false;
    const refuse = (problem: unknown): void => {
      isRefused = true;
      parts.length = 0;
      reject(problem);
    };
    stream.on("data", (part: Buffer) => {
      if (isRefused) return;
      bytes += part.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        take(part.length);
        parts.push(part);
      } catch (problem) {
        refuse(problem);
      }
    });
    stream.once("end", () => resolve(Buffer.concat(parts, isRefused ? 0 : bytes)));
    stream.once("error", refuse);
    stream.once("close", () => refuse(new Problem(400, "the body has no end")));
    if (declared > bytesMax) refuse(tooLarge(bytesMax));
  });
}

const tooLarge = (bytesMax: number): Problem =>
  new Problem(413, `the body has over ${bytesMax} bytes`);
