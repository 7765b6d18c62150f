// What a service manager such as systemd is told of this process (sd_notify(3)): that it is ready, that it gets on,
// that it stops, and in a sentence how it is. Without NOTIFY_SOCKET nobody asks, and nothing is told.
import { spawn } from "node:child_process";
import { type Asked, Telling } from "./service-messages.ts";
import type { Env } from "./secret-files.ts";

/** Sends one message; systemd takes each `KEY=value` of it. */
type Send = (assignments: readonly string[]) => void;

const LOOK_EVERY_MS = 1_000;

let send: Send | null = null;
let watchdogMs: number | null = null;

/** Node has no datagram sockets of Unix: systemd's own program sends, in 4 ms of CPU, and waits until it is taken. */
const byProgram =
  (socket: string, failed: (error: Error) => void): Send =>
  (assignments) => {
    const child = spawn("systemd-notify", assignments, {
      env: { NOTIFY_SOCKET: socket, PATH: "/usr/bin:/bin" },
      stdio: "ignore",
    });
    child.once("error", failed);
    child.unref();
  };

/** Takes what the service manager asks for from the environment; once, as the process starts. */
export function meetServiceManager(env: Env, failed: (error: Error) => void): void {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: raw } = env;
  if (!socket) return;
  const micros = Number(raw);
  watchdogMs = micros > 0 ? micros / 1_000 : null;
  send = byProgram(socket, failed);
}

/** Tells that the process stops: it has been asked to, and no silence counts any more. */
export function tellStopping(): void {
  send?.(["STOPPING=1", "STATUS=stopping"]);
}

/** Asks the process each second, and tells what is due, until disposed of. */
export function tellServiceManager(asked: Asked): Disposable {
  if (send === null) return { [Symbol.dispose]: () => undefined };
  const tell = send;
  const telling = new Telling(watchdogMs);
  const look = (): void => {
    const message = telling.due(asked, performance.now());
    if (message.length > 0) tell(message);
  };
  look();
  const looking = setInterval(look, LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(looking) };
}
