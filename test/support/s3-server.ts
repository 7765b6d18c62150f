// A small object store of our own, as far as backups need one: it holds objects in memory, and takes no request whose signature
// (SigV4) or body hash is wrong. Lists come in short pages.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsV4Signer } from "aws4fetch";

export const S3_KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a+secret/with=signs" };
const REGION = "eu-test-1";
const BUCKET = "backups";
const PAGE_KEYS = 3;

export interface S3UnderTest extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  readonly region: string;
  /** Objects by key. */
  readonly objects: Map<string, Buffer>;
  /** Parts that were sent and not put together. */
  readonly open: ReadonlyMap<string, unknown>;
  /** Words of a request that is refused from now on: `PUT /backups/x`; null for none. */
  refuse: ((request: string) => boolean) | null;
  /** Requests that were taken. */
  readonly requests: string[];
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const xml = (name: string, text: string): string => `<${name}>${text}</${name}>`;

export async function startS3(): Promise<S3UnderTest> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const requests: string[] = [];
  const etagOf = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;

  const list = ({ searchParams }: URL): string => {
    const prefix = searchParams.get("prefix") ?? "";
    const delimiter = searchParams.get("delimiter") ?? "";
    const after = searchParams.get("continuation-token") ?? "";
    const found = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const cut = (key: string): string => {
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      return at < 0 ? key : key.slice(0, at + 1);
    };
    const all = [...new Set(found.map(cut))].filter((key) => key > after);
    const page = all.slice(0, PAGE_KEYS);
    const next = all.length > page.length ? xml("NextContinuationToken", page.at(-1)!) : "";
    const entries = page.map((key) =>
      objects.has(key)
        ? xml("Contents", xml("Key", escaped(key)))
        : xml("CommonPrefixes", xml("Prefix", escaped(key))),
    );
    return xml("ListBucketResult", next + entries.join(""));
  };

  const answer = (
    request: IncomingMessage,
    url: URL,
    body: Buffer,
  ): [number, string | Buffer, object?] => {
    const key = decodeURIComponent(url.pathname).slice(`/${BUCKET}/`.length);
    const { searchParams: query } = url;
    const upload = query.get("uploadId");
    if (key === "") return [200, list(url)];
    switch (request.method ?? "") {
      case "HEAD":
      case "GET": {
        const object = objects.get(key);
        if (!object) return [404, xml("Error", xml("Code", "NoSuchKey"))];
        return [200, object];
      }
      case "DELETE":
        if (upload !== null) uploads.delete(upload);
        else objects.delete(key);
        return [204, ""];
      case "POST": {
        if (query.has("uploads")) {
          const id = randomUUID();
          uploads.set(id, new Map());
          return [200, xml("UploadId", id)];
        }
        const parts = uploads.get(upload!);
        const named = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, n]) =>
          Number(n),
        );
        if (!parts || named.some((n) => !parts.has(n)))
          return [400, xml("Error", xml("Code", "InvalidPart"))];
        objects.set(key, Buffer.concat(named.map((n) => parts.get(n)!)));
        uploads.delete(upload!);
        return [200, xml("CompleteMultipartUploadResult", "")];
      }
      default:
        if (upload === null) objects.set(key, body);
        else uploads.get(upload)?.set(Number(query.get("partNumber")), body);
        return [200, "", { etag: etagOf(body) }];
    }
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const url = new URL(request.url!, `http://${request.headers.host}`);
    const line = `${request.method} ${url.pathname}`;
    const why = s3.refuse?.(line) ? "AccessDenied" : await faultOf(request, url, body);
    if (why !== null) return void response.writeHead(403).end(xml("Error", xml("Code", why)));
    requests.push(line);
    const [status, content, headers = {}] = answer(request, url, body);
    const length = Buffer.byteLength(content);
    response.writeHead(status, { ...headers, "content-length": length });
    response.end(request.method === "HEAD" ? "" : content);
  };
  const server = createServer((request, response) => void respond(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const s3: S3UnderTest = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ bucket: BUCKET, region: REGION, objects, open: uploads, requests, refuse: null },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return s3;
}

/** The code of what is wrong with a request, as Amazon has it; null if it is signed for what it is. */
async function faultOf(
  { method, headers }: IncomingMessage,
  url: URL,
  body: Buffer,
): Promise<string | null> {
  const claimed = String(headers["x-amz-content-sha256"]);
  if (claimed !== createHash("sha256").update(body).digest("hex"))
    return "XAmzContentSHA256Mismatch";
  const given = String(headers.authorization);
  const [, names = ""] = /SignedHeaders=([^,]+)/.exec(given) ?? [];
  const signed = names.split(";").filter((name) => name !== "host");
  const signer = new AwsV4Signer({
    ...{ ...S3_KEYS, method: method!, url: url.href, service: "s3", region: REGION },
    headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
    datetime: String(headers["x-amz-date"]),
  });
  return (await signer.authHeader()) === given ? null : "SignatureDoesNotMatch";
}
