// An object store that speaks as Amazon's does, as far as backups need it: objects of any size, lists, removal. Requests are signed
// with the hash of their body (SigV4), so that the server refuses what changed on the way.
//
// O1. An object is there as a whole or not at all: what does not fit into one request is put together from parts at its end.
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { AppError, messageOf } from "../../../../platform/runtime/errors.ts";

const MIB = 1024 ** 2;
/** Parts of an object: 10,000 at most, the later ones larger, so that there are 800 GiB in them. */
const PART_BYTES = 16 * MIB;
const PARTS_OF_A_SIZE = 1_000;
/** A part on a slow line. */
const ANSWER_WITHIN_MS = 600_000;
const RETRIES = 6;

export interface S3Target {
  readonly bucket: string;
  /** Base URL of another server than Amazon's; null for that. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export class S3Client {
  readonly #aws: AwsClient;
  readonly #base: string;
  readonly #partBytes: number;

  constructor(target: S3Target, partBytes = PART_BYTES) {
    const { bucket, endpoint, region, accessKeyId, secretAccessKey, sessionToken } = target;
    this.#aws = new AwsClient({
      ...{ accessKeyId, secretAccessKey, region, service: "s3", retries: RETRIES },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    });
    this.#base =
      endpoint === null
        ? `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/$/, "")}/${bucket}`;
    this.#partBytes = partBytes;
  }

  /** Stores an object (O1). */
  async put(key: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const parts: string[] = [];
    let upload: string | null = null;
    try {
      for await (const { body, isLast } of partsOf(pieces, (n) => this.#sizeOf(n))) {
        if (isLast && upload === null) {
          await this.#ask("PUT", key, {}, body);
          return;
        }
        upload ??= await this.#beginParts(key);
        const query = { partNumber: String(parts.length + 1), uploadId: upload };
        const answer = await this.#ask("PUT", key, query, body);
        parts.push(answer.headers.get("etag") ?? "");
      }
      await this.#joinParts(key, upload!, parts);
    } catch (error) {
      if (upload !== null)
        await this.#ask("DELETE", key, { uploadId: upload }).catch(() => undefined);
      throw error;
    }
  }

  async *get(key: string): AsyncGenerator<Uint8Array> {
    const { body } = await this.#ask("GET", key);
    if (body) yield* body;
  }

  /** Null if there is no such object. */
  async size(key: string): Promise<number | null> {
    const answer = await this.#ask("HEAD", key, {}, undefined, [404]);
    return answer.status === 404 ? null : Number(answer.headers.get("content-length"));
  }

  async remove(key: string): Promise<void> {
    await this.#ask("DELETE", key, {}, undefined, [404]);
  }

  /** Keys that begin so; with a delimiter those in it once, as far as it goes. */
  async list(prefix: string, delimiter = ""): Promise<string[]> {
    const found: string[] = [];
    let token: string | undefined;
    do {
      const answer = await this.#ask("GET", "", {
        ...{ "list-type": "2", prefix },
        ...(delimiter === "" ? {} : { delimiter }),
        ...(token === undefined ? {} : { "continuation-token": token }),
      });
      const text = await answer.text();
      for (const part of delimiter === "" ? inElements(text, "Key") : prefixesIn(text))
        found.push(unescaped(part));
      token = inElements(text, "NextContinuationToken").map(unescaped)[0];
    } while (token !== undefined);
    return found;
  }

  #sizeOf(part: number): number {
    return this.#partBytes * (1 + Math.floor(part / PARTS_OF_A_SIZE));
  }

  async #beginParts(key: string): Promise<string> {
    const answer = await this.#ask("POST", key, { uploads: "" });
    const [upload] = inElements(await answer.text(), "UploadId").map(unescaped);
    if (upload === undefined) throw unavailable(`${key}: the server names no upload`);
    return upload;
  }

  async #joinParts(key: string, uploadId: string, etags: readonly string[]): Promise<void> {
    const parts = etags.map(
      (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const answer = await this.#ask("POST", key, { uploadId }, Buffer.from(body));
    // The answer may begin before it is known how it ends: 200 with an error in it.
    const text = await answer.text();
    if (text.includes("<Error>")) throw unavailable(`${key}: ${reasonIn(text)}`);
  }

  async #ask(
    method: string,
    key: string,
    query: Readonly<Record<string, string>> = {},
    body?: Uint8Array,
    also: readonly number[] = [],
  ): Promise<Response> {
    const url = new URL(`${this.#base}/${key.split("/").map(encodeURIComponent).join("/")}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const sha256 = createHash("sha256").update(body ?? "");
    let answer: Response;
    try {
      answer = await this.#aws.fetch(url.href, {
        ...{ method, headers: { "x-amz-content-sha256": sha256.digest("hex") } },
        ...(body ? { body: Buffer.from(body) } : {}),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
    } catch (error) {
      const { cause } = error as { cause?: unknown };
      throw unavailable(`${url.host} does not answer: ${messageOf(cause ?? error)}`, error);
    }
    if (answer.ok || also.includes(answer.status)) return answer;
    const what = `${url.host} answers ${method} ${url.pathname} with ${answer.status} ${reasonIn(await answer.text())}`;
    throw unavailable(what.trim());
  }
}

/** Cuts what comes into parts of those sizes; the last one may be empty if it is the only one. */
async function* partsOf(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sizeOf: (part: number) => number,
): AsyncGenerator<{ body: Uint8Array; isLast: boolean }> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let part = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.length;
    while (bytes > sizeOf(part)) {
      const all = Buffer.concat(held);
      const size = sizeOf(part++);
      yield { body: all.subarray(0, size), isLast: false };
      held = [all.subarray(size)];
      bytes -= size;
    }
  }
  yield { body: Buffer.concat(held), isLast: true };
}

const inElements = (xml: string, name: string): string[] =>
  Array.from(xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g")), ([, text = ""]) => text);

const prefixesIn = (xml: string): string[] =>
  Array.from(xml.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs), ([, text = ""]) =>
    inElements(text, "Prefix"),
  ).flat();

const unescaped = (text: string): string =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The words of an answer that says no. */
function reasonIn(xml: string): string {
  const [code = ""] = inElements(xml, "Code");
  const [message = ""] = inElements(xml, "Message");
  return unescaped([code, message].filter((one) => one !== "").join(": "));
}

const unavailable = (what: string, cause?: unknown): AppError =>
  new AppError("CONFIG_INVALID", "fatal", `S3: ${what}`, { cause });
