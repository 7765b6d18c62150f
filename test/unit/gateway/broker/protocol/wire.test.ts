import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { encode, keepLengths } from "../../../../../gateway/broker/protocol/wire.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function bufferBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test("packets of every length leave nothing of the pool's memory behind", async () => {
  keepLengths();
  const before = bufferBytes();
  const most = Buffer.alloc(16_384);
  for (let length = 3; length < 16_384; length++) {
    // As much as other packets take from the pool in between.
    for (let other = 0; other < 4; other++) Buffer.allocUnsafe(8_000);
    encode(
      {
        cmd: "publish",
        topic: "t",
        qos: 0,
        dup: false,
        retain: false,
        payload: most.subarray(3, length),
      },
      4,
    );
  }
  // Memory of buffers is given back beside the program.
  await expect.poll(() => bufferBytes() - before).toBeLessThan(4 * 1024 * 1024);
});
