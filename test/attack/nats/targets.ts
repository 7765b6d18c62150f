// The streams of every server as targets, from the topology that the product applies. Pure.
import { bucketStream } from "../../../contracts/names/subjects.ts";
import type { StreamSpec } from "../../../platform/nats/topology/spec.ts";
import { domainsOf } from "../../../platform/nats/topology/topology.ts";
import { REGIONS, type ServerName } from "./profiles.ts";

export interface Target {
  readonly server: ServerName;
  readonly stream: string;
  /** A subject that the stream takes, of nobody in particular; null of a mirror, which takes none. */
  readonly subject: string | null;
  /** Streams of one kind and server share controls. */
  readonly kind: string;
  /** The planned configuration; null of a bucket that the server makes. */
  readonly spec: StreamSpec | null;
}

export const TOPOLOGY = { regions: [...REGIONS], partitions: 1, logBytesMax: 64 * 1024 ** 2 };

const DOMAINS = domainsOf(TOPOLOGY);

/** Accounts of a server, beside that of its own streams, which hold streams; the copies in the last kind have names of others. */
export const accountsAt = (
  server: ServerName,
): { readonly in: string[]; readonly out: string[] } => {
  const accounts = DOMAINS.filter(({ name }) => name === server).map(({ account }) => account);
  return {
    in: accounts.filter((account) => account.startsWith("IN_")),
    out: accounts.filter((account) => account.startsWith("OUT_")),
  };
};

/** Streams of which the accounts of copies have one each. */
export const COPIED: readonly string[] = DOMAINS.find(({ account }) =>
  account.startsWith("OUT_"),
)!.streams.map(({ name }) => name);

export const TARGETS: readonly Target[] = DOMAINS.filter(
  ({ account }) => !account.startsWith("OUT_"),
).flatMap(({ name, streams, buckets }) => {
  const server = name as ServerName;
  return [
    ...streams.map((spec) => ({
      ...{ server, spec, stream: spec.name, kind: `${server} ${kindOf(spec)}` },
      subject: spec.subjects?.[0] === undefined ? null : subjectOf(spec.subjects[0]),
    })),
    ...buckets.map((bucket) => ({
      ...{ server, spec: null, stream: bucketStream(bucket.name), kind: `${server} bucket` },
      subject: `$KV.${bucket.name}.attack`,
    })),
  ];
});

export const targetsAt = (server: ServerName): Target[] =>
  TARGETS.filter((target) => target.server === server);

/** A subject that a filter takes. */
function subjectOf(filter: string): string {
  return filter.replace(/\.>$/, ".attack.forged").replaceAll("*", "attack");
}

/** A subject without a wildcard is another kind: a consumer may deliver to it. */
function kindOf({ name, subjects }: StreamSpec): string {
  if (subjects === undefined) return name.startsWith("KV_") ? "copy of a bucket" : "copy";
  return subjects.some((subject) => /[*>]/.test(subject)) ? "stream" : "stream of one subject";
}
