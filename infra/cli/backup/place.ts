// The place of backups as it is typed: a directory, or s3://bucket/prefix.
import type { Command } from "commander";
import { DirectoryStore, filesIn } from "../../../cloud/operations/backup/directory.ts";
import { S3Client } from "../../../cloud/operations/backup/s3/client.ts";
import { S3Store, filesUnder } from "../../../cloud/operations/backup/s3/store.ts";
import type { BackupFiles, BackupStore } from "../../../cloud/operations/backup/store.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { secretOf } from "../../../platform/runtime/secret-files.ts";
import { environmentOf } from "../kit/credentials.ts";

const S3 = "s3://";
/** As Amazon's own tools have them; a secret may be in a file. */
const VARIABLES = {
  key: "AWS_ACCESS_KEY_ID",
  secret: "AWS_SECRET_ACCESS_KEY",
  token: "AWS_SESSION_TOKEN",
  region: "AWS_REGION",
  endpoint: "AWS_ENDPOINT_URL_S3",
} as const;
const REGION = "us-east-1";
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export interface PlaceFlags {
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
}

/** Options of a command that takes `s3://` as a place. */
export const s3Options = (command: Command): Command =>
  command
    .option(
      "--s3-endpoint <url>",
      `for s3://: another server than Amazon's, https://host (default: ${VARIABLES.endpoint})`,
    )
    .option("--s3-region <name>", `for s3:// (default: ${VARIABLES.region}, or ${REGION})`);

/** The place that holds backups. */
export function storeAt(place: string, flags: PlaceFlags): BackupStore {
  if (!place.startsWith(S3)) return new DirectoryStore(place);
  const { client, prefix } = bucketOf(place, flags);
  return new S3Store(client, { prefix: prefix === "" ? "" : `${prefix}/`, url: place });
}

/** One backup. */
export function backupAt(place: string, flags: PlaceFlags): BackupFiles {
  if (!place.startsWith(S3)) return filesIn(place);
  const { client, prefix } = bucketOf(place, flags);
  if (prefix === "")
    throw refused(`${place} names no backup: s3://bucket/prefix/2026-11-28T03-00-00Z`);
  return filesUnder(client, prefix, place);
}

function bucketOf(place: string, { s3Endpoint, s3Region }: PlaceFlags) {
  const env = environmentOf();
  const [bucket = "", ...path] = place.slice(S3.length).split("/");
  if (!BUCKET.test(bucket))
    throw refused(
      `${place}: must be s3://bucket/prefix with a bucket of lower-case letters, digits, hyphens and dots`,
    );
  const endpoint = s3Endpoint ?? (env[VARIABLES.endpoint] || null);
  if (endpoint !== null && !/^https?:\/\/[^/]/.test(endpoint))
    throw refused(`the endpoint of S3 must be a URL, https://host, not "${endpoint}"`);
  const accessKeyId = env[VARIABLES.key] ?? "";
  const secret = secretIn(VARIABLES.secret);
  if (accessKeyId === "" || secret === undefined)
    throw refused(
      `${place} needs ${VARIABLES.key} and ${VARIABLES.secret}, or the file that ${VARIABLES.secret}_FILE names`,
    );
  const region = s3Region ?? (env[VARIABLES.region] || REGION);
  const sessionToken = env[VARIABLES.token] || undefined;
  const target = { bucket, endpoint, region, accessKeyId, secretAccessKey: secret, sessionToken };
  return { client: new S3Client(target), prefix: path.filter((part) => part !== "").join("/") };
}

function secretIn(variable: string): string | undefined {
  try {
    return secretOf(variable, environmentOf())?.secret;
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}
