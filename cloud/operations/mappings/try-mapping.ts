// What a gateway would make of one message (pure): readings, what they lack, and rejects.
import { printable } from "../../../platform/runtime/printable.ts";
import type { MappingTable } from "../../../contracts/mapping.ts";
import { decodeFrame, encodeFrame } from "../../../contracts/messages/frame.ts";
import { eventTimeMs } from "../../../contracts/messages/reading.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { Admitted, Arrival, Refused } from "../../../gateway/ingest/admission.ts";
import { admit } from "../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../gateway/ingest/mapping.ts";
import { outcomeOf } from "../../../gateway/ingest/outcome.ts";

export interface Trial {
  readonly lines: readonly string[];
  readonly isRefused: boolean;
}

/** The client id of a message that nobody has sent. */
export const TRIED_CLIENT = "try";

/** The fate of a message whose sender may speak for the devices. */
export function tryMapping(
  table: MappingTable,
  catalog: Catalog,
  message: Omit<Arrival, "sender" | "traceparent" | "only">,
  clientId = TRIED_CLIENT,
): Trial {
  const rules = { catalog, partitions: 1, ageMaxMs: undefined, mapper: new Mapper(table) };
  const admission = admit(rules, { ...message, sender: { clientId }, traceparent: null });
  const { readings, rejects } = outcomeOf(admission);
  return {
    lines: [
      ...readings.flatMap((one) => readingLines(one, catalog)),
      ...rejects.map(rejectLine),
    ].map(printable),
    isRefused: rejects.length > 0,
  };
}

function readingLines({ encoded, noted }: Admitted, catalog: Catalog): string[] {
  const header = { v: 1, gateway: "try", epoch: "try", n: 1, count: 1, total: 1, clock: 0 };
  const { device, contract, version, receivedAtMs, payload } = decodeFrame(
    encodeFrame(header, [encoded]),
  ).readings[0]!;
  const atMs = eventTimeMs(catalog.get(contract, version)!, payload, receivedAtMs);
  const at = new Date(atMs).toISOString();
  return [
    `reading   ${device}  ${contract} v${version}  ${at}  ${JSON.stringify(payload)}`,
    ...(noted?.notes ?? []).map(({ how, detail }) => `  ${HOW[how]}  ${detail}`),
  ];
}

const HOW = {
  left_out: "left out",
  clamped: "clamped",
  arrival_time: "arrival time",
} as const;

const rejectLine = ({ reason, detail, mapping, elements }: Refused): string =>
  `reject    ${reason}  ${mapping === undefined ? "" : `mapping "${mapping}"  `}${
    elements === undefined ? "" : `elements ${elements.join(", ")}  `
  }${detail}`;
