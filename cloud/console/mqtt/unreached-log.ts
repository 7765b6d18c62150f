// Says in the log why the page Topics finds no gateway: once a minute of each, since pages try again by themselves.
import { trustHint } from "../../../platform/runtime/client-tls.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import { MQTT_TLS } from "../options.ts";
import type { Unreached } from "./viewer-connection.ts";

const AGAIN_AFTER_MS = 60_000;

export function unreachedLog(logger: Pick<Logger, "warn">): Unreached {
  const told = new Map<string, number>();
  return ({ origin, href }, error) => {
    const nowMs = performance.now();
    if (nowMs - (told.get(href) ?? -AGAIN_AFTER_MS) < AGAIN_AFTER_MS) return;
    told.set(href, nowMs);
    const reason = `${messageOf(error)}${trustHint(error, MQTT_TLS.env)}`;
    logger.warn(
      { gateway: href, reason },
      `the page Topics cannot reach the gateway at ${origin === "null" ? href : origin}: ${reason}`,
    );
  };
}
