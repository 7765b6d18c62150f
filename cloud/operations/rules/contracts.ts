// The contracts that rules of a command are compiled against: those of a directory, and those that are
// published where the command is connected to.
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { CONTRACTS_BUCKET } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { ContractRegistry } from "../../../platform/nats/lanes/contract-registry.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";

/** @param nats of the hub, or of a region, which has a copy of what is published. */
export async function knownContracts(
  nats: NatsConnection,
  shippedDirectory: string,
): Promise<Catalog> {
  const registry = new ContractRegistry(makeLogger({}, "silent"));
  registry.addShipped(shippedDirectory);
  const bucket = await Bucket.open(nats, CONTRACTS_BUCKET);
  for (const { key, data } of await bucket.records())
    if (data) registry.apply({ subject: `$KV.${CONTRACTS_BUCKET}.${key}`, data });
  return registry.catalog;
}
