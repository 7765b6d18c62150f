// Recorded messages sent to a gateway once it has a mapping for them.
import { connectAsync } from "mqtt";
import type { Sample } from "../../../cloud/operations/learn/sample.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

const ACCEPTED = 0;

export interface Sent {
  readonly stored: number;
  /** Answers of the gateway to what it did not take. */
  readonly refused: readonly string[];
}

/**
 * Publishes at QoS 1, one after the other, each acknowledged before the next.
 * @param url of a gateway, mqtt://user:password@host:port. @throws AppError `CONFIG_INVALID` if nobody answers there.
 */
export async function sendSamples(url: string, samples: readonly Sample[]): Promise<Sent> {
  const client = await connectAsync(url, {
    protocolVersion: 5,
    clientId: `skerry-learn-${process.pid}`,
    connectTimeout: 5_000,
    reconnectPeriod: 0,
  }).catch((error: unknown): never => {
    throw refused(`--send ${new URL(url).host}: ${messageOf(error)}`, error);
  });
  let stored = 0;
  const problems: string[] = [];
  try {
    for (const { topic, payload, contentType } of samples) {
      const properties = contentType === undefined ? {} : { properties: { contentType } };
      const answer = await client
        .publishAsync(topic, payload, { qos: 1, ...properties })
        .catch((error: unknown) => ({
          reasonCode: -1,
          properties: { reasonString: messageOf(error) },
        }));
      const { reasonCode = ACCEPTED, properties: said } = (answer ?? {}) as {
        reasonCode?: number;
        properties?: { reasonString?: string };
      };
      if (reasonCode === ACCEPTED) stored += 1;
      else problems.push(`${topic}: ${said?.reasonString ?? `code ${reasonCode}`}`);
    }
  } finally {
    await client.endAsync();
  }
  return { stored, refused: problems };
}
