// A nats-server of its own, on a port of its own, in a directory that is removed with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refused } from "../../../cloud/operations/refused.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { openNats } from "../kit/connection.ts";

const READY_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
const PORTS = /^nats-server_\d+\.ports$/;

export interface ScratchServer extends AsyncDisposable {
  readonly connection: NatsConnection;
}

/** Starts the `nats-server` of the PATH. @throws AppError `CONFIG_INVALID` if there is none, or it does not come up. */
export async function startScratchServer(): Promise<ScratchServer> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "skerry-verify-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const args = [
    "-js",
    "-sd",
    directory,
    "-a",
    "127.0.0.1",
    "-p",
    "-1",
    "--ports_file_dir",
    directory,
  ];
  const child = spawn("nats-server", args, { stdio: "ignore" });
  const ended = once(child, "exit").catch(() => undefined);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  child.once("error", (error) =>
    failure.reject(refused(`nats-server cannot be run: ${error.message}`, error)),
  );
  child.once("exit", (code) => failure.reject(refused(`nats-server ended by itself (${code})`)));
  stack.defer(async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  });
  const url = await Promise.race([urlOf(directory), failure.promise]);
  const connection = await openNats({ url, from: null });
  stack.defer(() => connection.close());
  const kept = stack.move();
  return { connection, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** The address that the server leaves in its directory. */
async function urlOf(directory: string): Promise<string> {
  for (const until = performance.now() + READY_WITHIN_MS; performance.now() < until;) {
    const file = (await readdir(directory)).find((name) => PORTS.test(name));
    const text = file === undefined ? "" : await readFile(join(directory, file), "utf8");
    if (text.trim().endsWith("}")) return (JSON.parse(text) as { nats: string[] }).nats[0]!;
    await sleep(LOOK_EVERY_MS);
  }
  throw refused(`the nats-server for the check did not come up within ${READY_WITHIN_MS / 1000} s`);
}
