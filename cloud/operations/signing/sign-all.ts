// Signing what the hub holds already: of an installation from before it had keys, or after a change of key.
import { createPublicKey } from "node:crypto";
import { SIGNED_BUCKETS, bucketStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { publishExpecting, publisherOn } from "../../../platform/nats/client/publish.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { sealed, signerOf } from "../../../platform/nats/signed/seal.ts";
import { isSignedBy, keyIdOf, parseSignature } from "../../../platform/nats/signed/signature.ts";
import { refused } from "../refused.ts";

/**
 * Signs every record that the connection's key has not signed, those of deletions too. What is signed counts from
 * then on, so somebody has to have looked at it.
 * @returns the subject of each, with what was wrong with it.
 * @throws AppError `CONFIG_INVALID` without a key, away from the hub, or if others write meanwhile.
 */
export async function signAll(
  hub: NatsConnection,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<string[]> {
  const key = signerOf(hub);
  if (!key) throw refused("there is no key to sign with: name it in SKERRY_SIGNING_KEY_FILE");
  const [keyId, half] = [keyIdOf(key), createPublicKey(key)];
  const lines: string[] = [];
  for (const bucket of SIGNED_BUCKETS) {
    const stream = bucketStream(bucket);
    if ((await new Streams(hub).state(stream)).mirror)
      throw refused("records are signed at the hub only: say the hub's URL");
    const slice = { stream, subject: `$KV.${bucket}.>`, from: 1 };
    for await (const entry of readStored(hub, slice)) {
      const signature = parseSignature(entry.signature ?? "");
      const isMine = signature?.keyId === keyId;
      if (isMine && isSignedBy({ stream, ...entry }, signature, half)) continue;
      const was = !signature ? "unsigned" : isMine ? "forged" : `signed by ${signature.keyId}`;
      const removed = entry.isDeletion ? ", removed" : "";
      if (!dryRun) {
        const headers = await sealed(hub, { stream, ...entry }, true);
        const message = { ...entry, headers };
        const expected = { ofSubject: entry.seq };
        if ((await publishExpecting(publisherOn(hub), message, expected)) === null)
          throw refused(`${entry.subject}: somebody else wrote it meanwhile: try again`);
      }
      lines.push(`${entry.subject} (was ${was}${removed})`);
    }
  }
  return lines;
}
