// Saying that somebody has looked at what does not balance in a lane: it is open no longer, and named instead.
import type {
  LaneAcknowledged,
  Ledger,
  LedgerAcknowledgement,
  OpenBalance,
} from "../../../contracts/messages/ledger.ts";
import {
  LEDGER_BUCKET,
  type LaneId,
  laneName,
  ledgerAcknowledgedKey,
} from "../../../contracts/names/subjects.ts";
import { Bucket, type BucketRecord } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { refused } from "../refused.ts";
import { withAcknowledgement } from "./with-acknowledgement.ts";

/** Characters of a reason. */
const WHY_CHARS_MAX = 500;

/** The open balance of a lane. @throws AppError `CONFIG_INVALID` if nothing is. */
export function openIn({ open }: Pick<Ledger, "open">, lane: LaneId): OpenBalance {
  const found = open.find(
    ({ region, partition }) => region === lane.region && partition === lane.partition,
  );
  if (!found) throw refused(`nothing is open in lane ${laneName(lane)}`);
  return found;
}

/**
 * Acknowledges what is open in a lane, as it was shown: what is open beyond that stays open. The steward takes it
 * within seconds.
 * @throws AppError `CONFIG_INVALID` without a reason, and if somebody was faster.
 */
export async function acknowledgeOpen(
  hub: NatsConnection,
  shown: OpenBalance,
  { by, why }: { by: string; why: string },
): Promise<LedgerAcknowledgement> {
  const reason = why.trim();
  if (reason === "") throw refused("say why: whoever reads the ledger later has nothing else");
  if (reason.length > WHY_CHARS_MAX)
    throw refused(`the reason is longer than ${WHY_CHARS_MAX} characters`);
  if ((shown as Partial<OpenBalance>).parts === undefined)
    throw refused("the steward is older than acknowledgements: upgrade it");
  const bucket = await Bucket.open(hub, LEDGER_BUCKET);
  const key = ledgerAcknowledgedKey(shown);
  const record = await bucket.get(key);
  const before = acknowledgedIn(record);
  const last = before.acknowledgements.at(-1);
  // Taken twice, it would cover as much again of what is still to come.
  if ((last?.atMs ?? 0) !== shown.acknowledgedMs)
    throw refused(`${last?.by ?? "somebody"} has just acknowledged this: look at the ledger again`);
  const { parts, of } = shown;
  const atMs = Math.max(Date.now(), shown.acknowledgedMs + 1);
  const acknowledgement = { by, atMs, why: reason, parts, of };
  const body = JSON.stringify(withAcknowledgement(before, acknowledgement));
  if ((await bucket.replace(key, body, record?.revision ?? 0)) === null)
    throw refused("somebody has just acknowledged this: look at the ledger again");
  return acknowledgement;
}

/** Empty for what is no entry of ours. */
function acknowledgedIn(record: BucketRecord | null): LaneAcknowledged {
  try {
    const entry = record?.data ? jsonOf<Partial<LaneAcknowledged> | null>(record.data) : null;
    const { acknowledgements } = entry ?? {};
    return { acknowledgements: Array.isArray(acknowledgements) ? acknowledgements : [] };
  } catch {
    return { acknowledgements: [] };
  }
}
