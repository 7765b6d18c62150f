// The fence around the hub's records, as whoever writes some asks for it.
import { FENCE_KEY, type Fence } from "../../../contracts/messages/generation.ts";
import { GENERATIONS_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { AppError } from "../../runtime/errors.ts";
import type { NatsConnection } from "./connection.ts";
import { jsonOf } from "./payload.ts";
import { Streams } from "./streams.ts";

/** The fence, or null if there is none; also on a server whose topology is older than fences. */
export async function fenceOf(hub: NatsConnection, timeoutMs?: number): Promise<Fence | null> {
  const streams = new Streams(hub, timeoutMs === undefined ? {} : { timeoutMs });
  const stream = bucketStream(GENERATIONS_BUCKET);
  const said = await streams.newestOrNone(stream, `$KV.${GENERATIONS_BUCKET}.${FENCE_KEY}`);
  return said && jsonOf<Fence | null>(said.data);
}

/** Refuses what would be written at a hub that is fenced. @throws AppError `CONFIG_INVALID` saying what to do. */
export async function refuseIfFenced(hub: NatsConnection): Promise<void> {
  const fence = await fenceOf(hub);
  if (fence) throw new AppError("CONFIG_INVALID", "fatal", fenceText(fence));
}

/** The sentence for whoever wanted to write. */
const fenceText = ({ why }: Fence): string =>
  `The hub takes no changes of devices, rules, contracts and commands: ${why}. ` +
  `What is written now would not reach every region. Run npx skerry hub recover, then try again.`;
