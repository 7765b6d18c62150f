import { type OptionTable, type Resolved, as } from "../../platform/runtime/config.ts";
import { oneOf } from "../parse-options.ts";

export const LOG_GROUP_OPTIONS = {
  logGroupsMax: {
    env: "SKERRY_LOG_GROUPS_MAX",
    doc: "groups that read the region's log over MQTT (`$share/{group}/$log/{contract}`) and have a place in it; one more is refused",
    fallback: "32",
    parse: as.integer(1, 1000),
  },
  anonymousLog: {
    env: "SKERRY_ANONYMOUS_LOG",
    doc: "whether clients without credentials read the region's log in groups: local (only if SKERRY_ANONYMOUS lets in none but those of this machine), always or never",
    fallback: "local",
    parse: oneOf("local", "always", "never"),
  },
} satisfies OptionTable;

/** @param config with the option `anonymous` of identity. */
export const anonymousReadsLog = ({
  anonymousLog,
  anonymous,
}: Pick<Resolved<typeof LOG_GROUP_OPTIONS>, "anonymousLog"> & {
  readonly anonymous: string;
}): boolean => anonymousLog === "always" || (anonymousLog === "local" && anonymous === "loopback");
