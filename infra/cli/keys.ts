// `skerry keys …`: the key that signs what the hub writes, so that regions take nothing else.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { refused } from "../../cloud/operations/refused.ts";
import { signAll } from "../../cloud/operations/signing/sign-all.ts";
import { count } from "../../cloud/operations/words.ts";
import { SIGNED_BUCKETS } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { keyIdOf } from "../../platform/nats/signed/signature.ts";
import {
  newSigningKey,
  publicPemOf,
  readSigningKey,
} from "../../platform/nats/signed/trusted-keys.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { remark } from "./kit/output.ts";

/** Adds the command with its subcommands. */
export function addKeysCommand(program: Command, say: Say): void {
  const keys = program
    .command("keys")
    .description("Keys that sign the hub's records, so that regions take no others.");
  example(keys.command("make <file>"), "keys make signing.key >> trusted-keys.pem")
    .description("Make a private key, a new file readable only by you, and print its public half.")
    .action((file: string) => {
      if (existsSync(file)) throw refused(`${file} exists: a key is never overwritten`);
      writeFileSync(file, newSigningKey(), { mode: 0o600, flag: "wx" });
      show(file, say);
    });
  example(keys.command("show <file>"), "keys show signing.key >> trusted-keys.pem")
    .description("Print the public half of a private key, for SKERRY_TRUSTED_KEYS_FILE.")
    .action((file: string) => show(file, say));
  example(place(keys.command("sign-all")), "keys sign-all --dry-run")
    .description(
      "Sign every record that your key has not signed. Look at them first: what is signed counts.",
    )
    .option("--dry-run", "only list them")
    .action(async (flags: Place & { dryRun?: boolean }) => {
      const dryRun = flags.dryRun ?? false;
      const lines = await withNats(flags, HUB, (hub) => signAll(hub, { dryRun }));
      for (const line of lines) say(line);
      remark(`${count(lines.length, "record")} ${dryRun ? "to sign" : "signed"}`);
    });
  example(
    place(keys.command("remove <key>")).addOption(
      new Option("--bucket <bucket>", "of the record")
        .choices([...SIGNED_BUCKETS])
        .makeOptionMandatory(),
    ),
    "keys remove =6d616c6c6f7279 --bucket devices",
  )
    .description("Remove a record that is not to be, such as a forged one; the removal is signed.")
    .action(async (key: string, flags: Place & { bucket: string }) => {
      await withNats(flags, HUB, async (hub) => {
        const bucket = await Bucket.open(hub, flags.bucket);
        if (!(await bucket.get(key))?.data) throw refused(`${flags.bucket} has no "${key}"`);
        await bucket.delete(key);
      });
      say(`${key} is removed`);
    });
}

function show(file: string, say: Say): void {
  const id = keyIdOf(readSigningKey(file, "the key"));
  for (const line of publicPemOf(readFileSync(file, "utf8")).trimEnd().split("\n")) say(line);
  remark(`key ${id}`);
}
