// The users of the local InfluxDB, made or found again at each start. The administrator's password is read here, and
// forgotten with the end of this function: no process goes on with it.
import { lengthenRetention } from "../../cloud/sinks/influx/apply-retention.ts";
import type { Wanted } from "../../cloud/sinks/influx/retention.ts";
import { type InfluxSetUp, READER, WRITER, setUpInflux } from "../../cloud/sinks/influx/set-up.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { InfluxPlan } from "./places.ts";
import { keepSecret } from "./secrets.ts";

const HELP =
  "docs/guides/operating.md#passwords-of-influxdb says how to make them anew, with all data kept";

/**
 * @param keep what is configured: what keeps something for longer is done.
 * @param say told of administrators that nobody of this installation made, and of what is kept.
 * @throws AppError `INFLUX_REFUSED`, with what to do.
 */
export async function makeInfluxUsers(
  { url, database, administratorFile, passwords }: InfluxPlan,
  keep: readonly Wanted[],
  say: (line: string) => void,
): Promise<void> {
  const setUp: InfluxSetUp = {
    target: { url, database },
    passwords: {
      administrator: keepSecret(administratorFile),
      [WRITER]: passwords.writer,
      [READER]: passwords.reader,
    },
  };
  try {
    for (const name of (await setUpInflux(setUp)).otherAdministrators)
      say(
        `warning: InfluxDB has an administrator "${name}" that this installation did not make; if nobody of yours did, DROP USER "${name}"`,
      );
    await lengthenRetention(setUp.target, setUp.passwords.administrator, keep, say);
  } catch (error) {
    if (!(error instanceof AppError) || error.disposition !== "fatal") throw error;
    const what = `${messageOf(error)} in ${administratorFile}: put back the file that belongs to these data; ${HELP}`;
    throw new AppError("INFLUX_REFUSED", "fatal", what, { cause: error });
  }
}
