// Goal: what is done stays done over a restart, for as long as it could be done again, and no longer.
import { join } from "node:path";
import { expect, test } from "vitest";
import { KeptRecords } from "../../../../../platform/nats/signed/kept-records.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

test("what is finished is remembered by the file, until its time has come", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "records.sqlite");
  {
    using kept = new KeptRecords(path);
    kept.finish("commands.valve.old", 10, 5);
    kept.finish("commands.valve.new", 1_000, 5);
    expect(kept.isFinished("commands.valve.old")).toBe(true);
    expect(kept.isFinished("commands.valve.other")).toBe(false);
  }
  using kept = new KeptRecords(path);
  expect(kept.isFinished("commands.valve.old")).toBe(true);
  kept.finish("commands.valve.more", 1_000, 500);
  const known = ["old", "new", "more"].map((id) => kept.isFinished(`commands.valve.${id}`));
  expect(known).toEqual([false, true, true]);
});
