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
import { FORMAT_LEVEL } from "../../runtime/format-level.ts";
import { VERSION } from "../../runtime/version.ts";
import type { NatsConnection } from "../client/connection.ts";
import { LiveSpeaker } from "./live-speaker.ts";

/** A status that was too large is not made again for this long: that of 10,000 rules takes 10 ms, in which alerts wait. */
const TOO_LARGE_FOR_MS = 30_000;

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
  let askedFromMs = 0;
  while (!signal.aborted) {
    const said: Omit<LiveProcess, "status"> = {
      ...{ v: 1, kind, instance, domain, startedMs },
      ...{ version: VERSION, formatLevel: FORMAT_LEVEL },
      atMs: Date.now(),
      vitals: vitals.read(),
    };
    // A status that is too large for a message must not make the process look dead.
    const isAsked = performance.now() >= askedFromMs;
    const isSaid = isAsked && speaker.say(subject, { ...said, status: status() });
    if (isAsked && !isSaid) askedFromMs = performance.now() + TOO_LARGE_FOR_MS;
    if (!isSaid) speaker.say(subject, { ...said, status: null });
    await sleep(LIVE_EVERY_MS, signal);
  }
}
