// Records that nobody can use, stored at the end of a proof: each must be listed, or something was dropped silently.
import { recordsIn } from "../../infra/cli/set-aside/records.ts";
import {
  RULES_BUCKET,
  alertSubject,
  commandFilter,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { store } from "../poison/poison.ts";
import { eventually } from "../support/eventually.ts";

const REGION = "eu";
const POISON = "prove-poison";

export interface SetAsideCompared {
  readonly expected: number;
  /** `{domain} {by} {kind}` of those that are not listed. */
  readonly missing: readonly string[];
}

/** Each with who must list it. */
const EXPECTED = [
  "eu alerting frame",
  "eu alerting rule",
  "eu gateway alert",
  "eu gateway command",
  "hub aggregator frame",
];

export async function compareSetAside(
  connections: Readonly<Record<"hub" | typeof REGION, NatsConnection>>,
): Promise<SetAsideCompared> {
  const { hub, eu } = connections;
  await store(eu, telemetrySubject(REGION, 0), "no frame");
  await store(eu, alertSubject({ region: REGION, rule: POISON, key: POISON }), "no alert");
  await store(hub, commandFilter({ device: POISON, id: POISON }), "no command");
  await (await Bucket.open(hub, RULES_BUCKET)).put(POISON, "no rule");
  let missing: readonly string[] = EXPECTED;
  await eventually("every poison is set aside", async () => {
    const listed = new Set<string>();
    for (const [domain, nats] of [["hub", hub] as const, [REGION, eu] as const])
      for (const { record } of await recordsIn(nats, domain))
        listed.add(`${domain} ${record.by} ${record.kind}`);
    missing = EXPECTED.filter((one) => !listed.has(one));
    return missing.length === 0;
  }).catch(() => false);
  return { expected: EXPECTED.length, missing };
}
