// A message on a mapped topic, and its readings as whoever reads the log gets them: nothing is added.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseMappings } from "../../contracts/mapping.ts";
import { decodeFrame, encodeFrame } from "../../contracts/messages/frame.ts";
import { identityOf } from "../../contracts/messages/identity.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import { type Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import type { Admission, Admitted, Arrival } from "../../gateway/ingest/admission.ts";
import { admit } from "../../gateway/ingest/admit.ts";
import { Mapper } from "../../gateway/ingest/mapping.ts";

const EXAMPLES = join(import.meta.dirname, "../../infra/mappings/examples.json");

/** The table that ships. */
export const shipped = JSON.parse(readFileSync(EXAMPLES, "utf8")) as {
  readonly mappings: readonly object[];
};
export const shippedCatalog = loadCatalog(SCHEMAS_DIRECTORY);

/** The time of arrival, unless a test says another. */
export const ARRIVAL_MS = Date.UTC(2026, 6, 15, 10);

export interface Sending {
  readonly mappings?: readonly object[];
  readonly catalog?: Catalog;
  readonly nowMs?: number;
  readonly only?: Arrival["only"];
}

/** @param payload text or bytes as they are, anything else as JSON. */
export function send(topic: string, payload: unknown, sending: Sending = {}): Admission {
  const { mappings = shipped.mappings, catalog = shippedCatalog, nowMs = ARRIVAL_MS } = sending;
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return admit(
    {
      catalog,
      partitions: 4,
      ageMaxMs: undefined,
      mapper: new Mapper(parseMappings({ mappings })),
    },
    {
      topic,
      payload: bytes,
      receivedAtMs: nowMs,
      traceparent: null,
      sender: null,
      ...(sending.only ? { only: sending.only } : {}),
    },
  );
}

export function admittedOf(admission: Admission): readonly Admitted[] {
  if (admission.kind === "several") return admission.readings;
  return admission.kind === "reading" ? [admission] : [];
}

export const notesOf = (admission: Admission) =>
  admittedOf(admission).flatMap(({ noted }) => noted?.notes ?? []);

export interface LoggedReading {
  readonly device: string;
  readonly contract: string;
  readonly version: number;
  readonly payload: Record<string, unknown>;
  /** Event time. */
  readonly atMs: number;
  /** False if only its place in the log tells it from an equal one. */
  readonly isKnown: boolean;
}

export function readingsOf(admission: Admission, catalog: Catalog = shippedCatalog) {
  const encoded = admittedOf(admission).map((one) => one.encoded);
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, clock: 0 };
  const frame = encodeFrame({ ...header, count: encoded.length, total: encoded.length }, encoded);
  return decodeFrame(frame).readings.map(
    ({ device, contract, version, receivedAtMs, payload }): LoggedReading => {
      const known = catalog.get(contract, version)!;
      const atMs = eventTimeMs(known, payload, receivedAtMs);
      const isKnown = !Number.isNaN(identityOf(known, payload, atMs));
      return { device, contract, version, payload, atMs, isKnown };
    },
  );
}

export const payloadsOf = (admission: Admission, catalog?: Catalog) =>
  readingsOf(admission, catalog).map(({ payload }) => payload);

/** A mapping entry for `in/{device}` whose payload is the value, with what a test wants otherwise. */
export const entry = (over: object) => ({
  name: "e",
  topic: "in/{device}",
  contract: "measurement",
  time: "arrival",
  fields: { value: { pointer: "" } },
  ...over,
});

/** Sends to a table of that entry alone. */
export const sendTo = (over: object, payload: unknown, topic = "in/d1"): Admission =>
  send(topic, payload, { mappings: [entry(over)] });

/** Readings with the device beside their payload. */
export const said = (admission: Admission) =>
  readingsOf(admission).map(({ device, payload }) => ({ device, ...payload }));

/** Values of the readings. */
export const values = (admission: Admission) => payloadsOf(admission).map(({ value }) => value);
