// Goal: what is stored in a bucket is what was given, of any size, or nothing; a server that refuses says why.
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { S3Client } from "../../../../../../cloud/operations/backup/s3/client.ts";
import { S3_KEYS, type S3UnderTest, startS3 } from "../../../../../support/s3-server.ts";

const PART_BYTES = 1_000;

const clientOf = ({ url, bucket, region }: S3UnderTest, keys = S3_KEYS): S3Client =>
  new S3Client({ ...keys, bucket, region, endpoint: url }, PART_BYTES);

async function read(client: S3Client, key: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.get(key)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test.each([0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 7_777])(
  "an object of %i bytes, whatever pieces it comes in",
  async (size) => {
    await using s3 = await startS3();
    const client = clientOf(s3);
    const data = randomBytes(size);
    const key = "a b/ü+&/x.snapshot";
    await client.put(key, [data.subarray(0, 3), data.subarray(3, 2_500), data.subarray(2_500)]);
    expect(await read(client, key)).toEqual(data);
    expect(await client.size(key)).toBe(size);
    expect(s3.open.size).toBe(0);
    expect(await client.list("a b/")).toEqual([key]);
    await client.remove(key);
    expect(await client.size(key)).toBeNull();
  },
);

test("lists go on to their end, and name what is in between once", async () => {
  await using s3 = await startS3();
  const client = clientOf(s3);
  for (let n = 0; n < 10; n++) await client.put(`p/${n}/one`, [Buffer.from("x")]);
  for (let n = 0; n < 10; n++) await client.put(`p/${n}/two`, [Buffer.from("x")]);
  expect(await client.list("p/", "/")).toEqual(Array.from({ length: 10 }, (_, n) => `p/${n}/`));
  expect(await client.list("p/")).toHaveLength(20);
  expect(await client.list("q/")).toEqual([]);
});

test("what is cut off leaves nothing, no parts either", async () => {
  await using s3 = await startS3();
  const client = clientOf(s3);
  const breaks = async function* () {
    yield randomBytes(2_500);
    await Promise.resolve();
    throw new Error("the source broke");
  };
  await expect(client.put("k", breaks())).rejects.toThrow("the source broke");
  expect([s3.objects.size, s3.open.size]).toEqual([0, 0]);
});

test("wrong keys, and a server that is not there, are said in a sentence", async () => {
  const s3 = await startS3();
  const client = clientOf(s3, { ...S3_KEYS, secretAccessKey: "another" });
  await expect(client.put("k", [Buffer.from("x")])).rejects.toThrow(
    /^S3: 127\.0\.0\.1:\d+ answers PUT \/backups\/k with 403 SignatureDoesNotMatch$/,
  );
  await s3[Symbol.asyncDispose]();
  await expect(client.size("k")).rejects.toThrow(/^S3: 127\.0\.0\.1:\d+ does not answer: /);
}, 30_000);
