// Bucket `generations` at the hub, as the steward and `skerry hub recover` write it.
import { randomUUID } from "node:crypto";
import {
  FENCE_KEY,
  type Fence,
  GENERATION_KEY,
  type Generation,
} from "../../../contracts/messages/generation.ts";
import { GENERATIONS_BUCKET } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";

/** The generation of the records at a server; null if it has none yet. */
export async function generationOf(connection: NatsConnection): Promise<Generation | null> {
  const record = await (await Bucket.open(connection, GENERATIONS_BUCKET)).get(GENERATION_KEY);
  return record?.data ? jsonOf<Generation>(record.data) : null;
}

/** Says that the hub's records begin anew. */
export async function beginGeneration(
  hub: NatsConnection,
  why: Generation["why"],
): Promise<Generation> {
  const generation: Generation = { id: randomUUID(), sinceMs: Date.now(), why };
  const bucket = await Bucket.open(hub, GENERATIONS_BUCKET);
  await bucket.put(GENERATION_KEY, JSON.stringify(generation));
  return generation;
}

/** Puts up the fence, or takes it away. */
export async function setFence(hub: NatsConnection, fence: Fence | null): Promise<void> {
  const bucket = await Bucket.open(hub, GENERATIONS_BUCKET);
  await bucket.put(FENCE_KEY, JSON.stringify(fence));
}
