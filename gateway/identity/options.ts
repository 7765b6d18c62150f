import { type OptionTable, as } from "../../platform/runtime/config.ts";

export const ANONYMOUS_MODES = ["off", "loopback", "anywhere"] as const;
export type AnonymousMode = (typeof ANONYMOUS_MODES)[number];

export const IDENTITY_OPTIONS = {
  anonymous: {
    env: "SKERRY_ANONYMOUS",
    doc: "clients without credentials: off, loopback (only from this machine; a proxy on it makes everybody local) or anywhere",
    fallback: "off",
    parse: (raw: string): AnonymousMode => {
      const mode = ANONYMOUS_MODES.find((known) => known === raw);
      if (!mode) throw new Error(`must be one of ${ANONYMOUS_MODES.join(", ")}, not "${raw}"`);
      return mode;
    },
  },
  anonymousSubscribe: {
    env: "SKERRY_ANONYMOUS_SUBSCRIBE",
    doc: "topics that they may subscribe to: a list of filters, of which one has to cover all that is asked for; #: everything",
    fallback: "#",
    parse: as.list,
  },
} satisfies OptionTable;
