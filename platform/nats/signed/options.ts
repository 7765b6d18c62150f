// Options of who signs records and of who takes only signed ones.
import { type OptionTable, type Resolved, as } from "../../runtime/config.ts";

const UNSIGNED = ["refuse", "take"] as const;

/** Options of a process that writes records at the hub. */
export const SIGNING_OPTIONS = {
  signingKeyFile: {
    env: "SKERRY_SIGNING_KEY_FILE",
    doc: "PEM file with the private key (npx skerry keys make) that signs records; unset: they are written unsigned",
    fallback: "",
    parse: as.text,
  },
} satisfies OptionTable;

/** Options of a process that acts on the hub's records. */
export const RECORD_TRUST_OPTIONS = {
  trustedKeysFile: {
    env: "SKERRY_TRUSTED_KEYS_FILE",
    doc: "PEM file with the public keys (npx skerry keys show) whose records are taken; read again when it changes; unset: all are taken",
    fallback: "",
    parse: as.text,
  },
  unsignedRecords: {
    env: "SKERRY_UNSIGNED_RECORDS",
    doc: "with trusted keys, records without a signature: refuse, or take them where none was signed yet, while they are being signed",
    fallback: "refuse",
    parse: (raw: string): (typeof UNSIGNED)[number] => {
      const mode = UNSIGNED.find((known) => known === raw);
      if (!mode) throw new Error(`must be one of ${UNSIGNED.join(", ")}, not "${raw}"`);
      return mode;
    },
  },
  verifiedRecordsFile: {
    env: "SKERRY_VERIFIED_RECORDS_FILE",
    doc: "SQLite file, of this process alone, that keeps what was verified, so that it stays in force over a restart; unset: in memory",
    fallback: "",
    parse: as.text,
  },
} satisfies OptionTable;

export type RecordTrustConfig = Resolved<typeof RECORD_TRUST_OPTIONS>;
