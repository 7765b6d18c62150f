import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { SecretCredential } from "../../contracts/device.ts";

const SECRET_BYTES = 16;

/** Characters of a generated secret: 128 bits in base64url. Fewer count as a chosen password. */
export const SECRET_CHARS = 22;

/** Shown once to whoever makes the device, then only its hash is known. */
export const generateSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

export const secretCredential = (secret: string): SecretCredential => ({
  kind: "secret",
  sha256: digestOf(Buffer.from(secret)).toString("hex"),
});

export const digestOf = (secret: Buffer): Buffer => createHash("sha256").update(secret).digest();

/** `digest` as {@link digestOf} makes it; takes the same time whether or not it matches. */
export const isSecret = ({ sha256 }: SecretCredential, digest: Buffer): boolean =>
  timingSafeEqual(Buffer.from(sha256, "hex"), digest);
