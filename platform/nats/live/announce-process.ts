// A process says once a second how it is; contracts/messages/live.ts.
import {
  LIVE_EVERY_MS,
  type LiveKind,
  type LiveProcess,
} from "../../../contracts/messages/live.ts";
import type { ProcessStatus } from "../../../contracts/messages/status.ts";
import { liveProcessSubject } from "../../../contracts/names/subjects.ts";
import type { Telemetry } from "../../../otel/telemetry.ts";
import { sleep } from "../../runtime/backoff.ts";
import type { NatsConnection } from "../client/connection.ts";
import { LiveSpeaker } from "./live-speaker.ts";

export interface Announced {
  readonly connection: NatsConnection;
  readonly kind: LiveKind;
  /** `hub` or a region. */
  readonly domain: string;
  /** Its name, and how it is, are the same here as in its metrics, traces and logs. */
  readonly telemetry: Pick<Telemetry, "service" | "vitals">;
  readonly status: () => ProcessStatus;
}

/** Says how the process is until `signal` aborts. Never throws: nothing rests on it. */
export async function announceProcess(of: Announced, signal: AbortSignal): Promise<void> {
  const { kind, domain, status } = of;
  const { vitals, service } = of.telemetry;
  const { instance } = service;
  const speaker = new LiveSpeaker(of.connection);
  const subject = liveProcessSubject({ domain, kind, instance });
  const startedMs = Date.now() - Math.round(process.uptime() * 1_000);
  while (!signal.aborted) {
    const said: Omit<LiveProcess, "status"> = {
      ...{ v: 1, kind, instance, domain, startedMs },
      atMs: Date.now(),
      vitals: vitals.read(),
    };
    // A status that is too large for a message must not make the process look dead.
    if (!speaker.say(subject, { ...said, status: status() }))
      speaker.say(subject, { ...said, status: null });
    await sleep(LIVE_EVERY_MS, signal);
  }
}
