import { textProblem } from "../../contracts/names/text.ts";
import { isReservedTopic } from "../../contracts/names/topics.ts";
import { type OptionTable, type Resolved, as } from "../../platform/runtime/config.ts";
import { SHARED_STRATEGIES } from "../broker/options.ts";
import { oneOf } from "../parse-options.ts";
import type { TopicClassesOptions } from "./topic-classes.ts";

/** The bound on the bytes of a topic (MQTT 5, 1.5.4). */
const TOPIC_BYTES_MAX = 65_535;

/** A list of topic filters of which none names what is ours; `none`, or nothing: no topic. */
function filters(raw: string): string[] {
  if (raw === "none") return [];
  return as.list(raw).map((filter) => {
    const levels = filter.split("/");
    const isFilter = levels.every(
      (level, at) =>
        level === "+" || (level === "#" && at === levels.length - 1) || !/[+#]/.test(level),
    );
    if (!isFilter || textProblem(filter, TOPIC_BYTES_MAX) !== null)
      throw new Error(`must be a list of topic filters such as zigbee2mqtt/#, not "${filter}"`);
    if (isReservedTopic(filter))
      throw new Error(`must not name "${filter}": devices/, alerts/ and $ are Skerry's own`);
    return filter;
  });
}

export const RELAY_OPTIONS = {
  relay: {
    env: "SKERRY_RELAY",
    doc: "topics that are relayed between clients as by any MQTT broker, those with a mapping as well: a list of filters; never devices/, alerts/ and $; none: no topic",
    fallback: "#",
    parse: filters,
  },
  ignore: {
    env: "SKERRY_IGNORE",
    doc: "topics of which neither readings nor rejects are made: a list of filters; they are acknowledged, and relayed if they are of those above",
    fallback: "none",
    parse: filters,
  },
  anonymousRelay: {
    env: "SKERRY_ANONYMOUS_RELAY",
    doc: "whether clients without credentials relay: local (only if SKERRY_ANONYMOUS lets in none but those of this machine), always or never",
    fallback: "local",
    parse: oneOf("local", "always", "never"),
  },
  sharedStrategy: {
    env: "SKERRY_SHARED_SUBSCRIPTIONS",
    doc: "which client of a shared subscription (`$share/{group}/{filter}`) gets a message: hash, one for each topic or device, or round_robin",
    fallback: "hash",
    parse: oneOf(...SHARED_STRATEGIES),
  },
} satisfies OptionTable;

/** @param config with the option `anonymous` of identity. */
export const relayOptionsOf = (
  config: Resolved<typeof RELAY_OPTIONS> & { readonly anonymous: string },
): Omit<TopicClassesOptions, "mappings"> => ({
  relay: config.relay,
  ignore: config.ignore,
  anonymous:
    config.anonymousRelay === "always" ||
    (config.anonymousRelay === "local" && config.anonymous === "loopback"),
});
