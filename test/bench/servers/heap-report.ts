// Loaded into a process under test with --import and --expose-gc: on SIGUSR2 it collects garbage and writes what its heap
// holds to BENCH_HEAP_FILE, as { heapUsed, rss } in bytes.
import { renameSync, writeFileSync } from "node:fs";

const path = process.env["BENCH_HEAP_FILE"]!;

process.on("SIGUSR2", () => {
  for (let round = 0; round < 3; round++) globalThis.gc!();
  const { heapUsed, rss } = process.memoryUsage();
  writeFileSync(`${path}.new`, JSON.stringify({ heapUsed, rss }));
  renameSync(`${path}.new`, path);
});
