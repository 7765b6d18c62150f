// Changes what an InfluxDB 1.x keeps, as its administrator.
import { AppError } from "../../../platform/runtime/errors.ts";
import { InfluxClient, type InfluxTarget } from "./client.ts";
import { policiesOf } from "./policies.ts";
import { type Wanted, changeText, changesFor, shardsOf, shortens } from "./retention.ts";
import { ADMINISTRATOR, urlOfUser } from "./set-up.ts";

/** Keeps for longer whatever is configured so; what would delete something is told, and left to somebody who means it. */
export async function lengthenRetention(
  target: InfluxTarget,
  password: string,
  keep: readonly Wanted[],
  say: (line: string) => void,
): Promise<void> {
  if (keep.length === 0) return;
  const influx = administratorOf(target, password);
  for (const change of (await changesOf(influx, target.database, keep)).changes) {
    if (shortens(change)) {
      say(`not done, because it deletes what is older: ${changeText(change)}`);
      say("if that is meant: npx skerry influx retention --configured --shorten …");
      continue;
    }
    await influx.execute(change.statement);
    say(changeText(change));
  }
}

/** A client that may change what is kept. */
export const administratorOf = (target: InfluxTarget, password: string): InfluxClient =>
  new InfluxClient({ ...target, url: urlOfUser(target.url, ADMINISTRATOR, password) });

/** Changes to what is wanted. @throws AppError `INFLUX_REFUSED` if there is no such database. */
export async function changesOf(influx: InfluxClient, database: string, keep: readonly Wanted[]) {
  const policies = await policiesOf(influx);
  if (!policies.some(({ isDefault }) => isDefault))
    throw new AppError(
      ...(["INFLUX_REFUSED", "fatal"] as const),
      `there is no database ${database}: npx skerry influx apply makes it`,
    );
  const shards = shardsOf(await influx.execute("SHOW SHARDS"), database);
  const changes = changesFor(keep, { database, policies, shards, nowMs: Date.now() });
  return { changes, policies };
}
