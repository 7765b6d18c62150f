// Bucket `contracts` at the hub, as the command line writes it.
//
// W1. Everything is judged before anything is written, oldest version first; cut off in between, it
//     can be repeated.
// W2. A version is judged against exactly what the bucket holds when it is written: the write
//     expects the bucket's last sequence, and its own key unused. Else everything is read again.
import {
  SCHEMAS_DIRECTORY,
  type SchemaFile,
  readSchemas,
} from "../../../contracts/schema/catalog.ts";
import { type CompatibilityMode, isSameSchema } from "../../../contracts/schema/compatibility.ts";
import { CONTRACTS_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { publishExpecting, publisherOn } from "../../../platform/nats/client/publish.ts";
import { refuseIfFenced } from "../../../platform/nats/client/fence.ts";
import { sealed } from "../../../platform/nats/signed/seal.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import {
  CONTRACT_SUBJECTS,
  type ContractEntry,
  type PublishedContract,
  contractSubject,
  parseContractEntry,
  parseContractSubject,
} from "../../../platform/nats/lanes/contract-registry.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import { count, instant } from "../words.ts";
import { type Report, compileAll, judge, versionKey } from "./versions.ts";

const STREAM = bucketStream(CONTRACTS_BUCKET);
/** Another publisher was faster: read, judge and write again. */
const ATTEMPTS_MAX = 5;

interface Bucket {
  readonly lastSeq: number;
  readonly entries: ReadonlyMap<string, ContractEntry>;
  /** Entries that cannot be read: everybody else ignores them, their numbers stay taken. */
  readonly broken: readonly string[];
}

export interface PublishOptions {
  readonly files: readonly SchemaFile[];
  readonly mode: CompatibilityMode;
  /** The reason for mode NONE; kept with each version. */
  readonly reason?: string;
  /** Only judge. */
  readonly dryRun?: boolean;
}

/** Writes the versions that the hub does not hold, unless one breaks an earlier one. */
export async function publishContracts(
  hub: NatsConnection,
  options: PublishOptions,
): Promise<Report> {
  if ((await new Streams(hub).state(STREAM)).mirror)
    throw refused("this nats-server holds a region's copy of the contracts: say the hub's URL");
  if (!options.dryRun) await refuseIfFenced(hub);
  const written: SchemaFile[] = [];
  for (let attempt = 1; ; attempt++) {
    const bucket = await readBucket(hub);
    const { files, problems, warnings } = toWrite(bucket, options);
    if (options.dryRun) return { problems, warnings, summary: wouldBe(files, problems) };
    const isLast = attempt === ATTEMPTS_MAX;
    const isDone = problems.length > 0 || (await write(hub, files, { bucket, options, written }));
    if (!isDone && !isLast) continue;
    if (!isDone) problems.push("others write to the bucket all the time: try again");
    return { problems, warnings, summary: summaryOf(written, problems) };
  }
}

const wouldBe = (files: readonly SchemaFile[], problems: readonly string[]): string =>
  problems.length > 0
    ? count(problems.length, "problem")
    : `${files.map(versionKey).join(", ") || "nothing new"} may be published`;

function summaryOf(written: readonly SchemaFile[], problems: readonly string[]): string {
  const names = written.map(versionKey).join(", ");
  const published = names === "" ? "nothing published" : `published ${names}`;
  if (problems.length > 0) return `${published}: ${count(problems.length, "problem")}`;
  return names === "" ? "nothing new to publish" : published;
}

/** The versions that are to be written, or why nothing is (W1). */
function toWrite(
  bucket: Bucket,
  { files, mode }: PublishOptions,
): { files: SchemaFile[]; problems: string[]; warnings: string[] } {
  const known = [...publishedFiles(bucket), ...readSchemas(SCHEMAS_DIRECTORY)];
  const isKnown = new Set(known.map(versionKey));
  // The same content three times is judged once.
  const compiled = compileAll(
    [...files, ...known].filter(
      (file, at, all) => at === all.findIndex((other) => versionKey(other) === versionKey(file)),
    ),
  );
  const problems = [...compiled.problems];
  const warnings = [...bucket.broken];
  for (const file of files)
    for (const other of known)
      if (versionKey(other) === versionKey(file) && !isSameSchema(other.schema, file.schema))
        problems.push(
          `${file.path}: it differs from ${versionKey(file)} of ${other.path}: versions are immutable`,
        );
  const fresh = files.filter((file) => !bucket.entries.get(versionKey(file))?.published);
  for (const file of fresh) {
    if (bucket.entries.has(versionKey(file)))
      problems.push(
        `${file.path}: ${versionKey(file)} was published, and is deleted or broken now: a number is used once`,
      );
    const later = known.find(({ name, version }) => name === file.name && version > file.version);
    if (later && !isKnown.has(versionKey(file)))
      problems.push(
        `${file.path}: v${later.version} is in ${later.path} already: versions only rise`,
      );
  }
  for (const version of compiled.versions.filter(({ file }) => fresh.includes(file))) {
    const since = lastBreakBefore(bucket, version.file);
    const found = judge(version, compiled.versions, { mode, since });
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  return { files: fresh, problems, warnings };
}

/** The newest earlier version that was published with mode NONE: a new beginning. */
function lastBreakBefore({ entries }: Bucket, { name, version }: SchemaFile): number | undefined {
  const breaks = [...entries.values()].filter(
    (entry) => entry.name === name && entry.version < version && entry.published?.mode === "NONE",
  );
  return breaks.length === 0 ? undefined : Math.max(...breaks.map((entry) => entry.version));
}

/** False if somebody else wrote in between (W2); `written` gets what was written nevertheless. */
async function write(
  hub: NatsConnection,
  files: readonly SchemaFile[],
  { bucket, options, written }: { bucket: Bucket; options: PublishOptions; written: SchemaFile[] },
): Promise<boolean> {
  let lastSequence = bucket.lastSeq;
  for (const file of files) {
    const { name, version, schema } = file;
    const { mode, reason } = options;
    const value: PublishedContract = {
      schema,
      publishedAtMs: Date.now(),
      mode,
      ...(reason === undefined ? {} : { reason }),
    };
    const subject = contractSubject(name, version);
    const message = { subject, data: Buffer.from(JSON.stringify(value)) };
    const headers = await sealed(hub, { ...message, stream: STREAM });
    const expected = { ofSubject: 0, ofStream: lastSequence };
    const seq = await publishExpecting(publisherOn(hub), { ...message, headers }, expected);
    if (seq === null) return false;
    lastSequence = seq;
    written.push(file);
  }
  return true;
}

async function readBucket(connection: NatsConnection): Promise<Bucket> {
  const { lastSeq, messages } = await new Streams(connection).state(STREAM);
  const entries = new Map<string, ContractEntry>();
  const broken: string[] = [];
  if (messages === 0) return { lastSeq, entries, broken };
  const slice = { stream: STREAM, subject: CONTRACT_SUBJECTS, from: 1 };
  for await (const { subject, data } of readStored(connection, slice)) {
    try {
      const entry = parseContractEntry({ subject, data });
      entries.set(versionKey(entry), entry);
    } catch (error) {
      broken.push(`the entry ${subject} is ignored everywhere: ${messageOf(error)}`);
      const id = parseContractSubject(subject);
      if (id) entries.set(versionKey(id), { ...id, published: null });
    }
  }
  return { lastSeq, entries, broken };
}

const publishedFiles = ({ entries }: Bucket): SchemaFile[] =>
  [...entries.values()].flatMap(({ name, version, published }) =>
    published ? [{ name, version, schema: published.schema, path: "the bucket" }] : [],
  );

/** One line per version: what is published, then what only ships. */
export async function listContracts(connection: NatsConnection): Promise<string[]> {
  const { versions, broken } = await readVersions(connection);
  const lines = versions.map(({ name, version, published }) => {
    const what = published
      ? `published ${instant(published.publishedAtMs)} (${howOf(published)})`
      : "shipped, not published";
    return `${versionKey({ name, version })}  ${what}`;
  });
  return [...lines, ...broken];
}

const howOf = ({ mode, reason }: PublishedContract): string =>
  reason === undefined ? mode : `${mode}: ${reason}`;

export interface KnownVersion {
  readonly name: string;
  readonly version: number;
  readonly schema: object;
  /** Null for one that only ships. */
  readonly published: PublishedContract | null;
}

/** Every version that is published or ships, in order; and what is wrong with entries that are none. */
export async function readVersions(
  connection: NatsConnection,
): Promise<{ versions: KnownVersion[]; broken: readonly string[] }> {
  const bucket = await readBucket(connection);
  const known = new Map<string, KnownVersion>();
  for (const { name, version, schema } of readSchemas(SCHEMAS_DIRECTORY))
    known.set(versionKey({ name, version }), { name, version, schema, published: null });
  for (const { name, version, published } of bucket.entries.values())
    if (published) {
      const { schema } = published;
      known.set(versionKey({ name, version }), { name, version, schema, published });
    }
  const versions = [...known.values()].sort((a, b) =>
    a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1,
  );
  return { versions, broken: bucket.broken };
}
