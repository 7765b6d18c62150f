import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { SecretCredential } from "../../contracts/device.ts";

const SECRET_BYTES = 16;

/** 128 bits in base64url: of the last character only the first two bits are used. */
const GENERATED = /^[\w-]{21}[AQgw]$/;

/**
 * A new secret, shown once to whoever makes the device; then only its hash is known. None begins with `-`,
 * which programs take for an option and spreadsheets for a formula.
 */
export function generateSecret(): string {
  for (;;) {
    const secret = randomBytes(SECRET_BYTES).toString("base64url");
    if (!secret.startsWith("-")) return secret;
  }
}

/** True for a text of exactly the form that {@link generateSecret} gives. */
export const looksGenerated = (secret: string): boolean => GENERATED.test(secret);

/** The credential of a secret of {@link generateSecret}, never of one that somebody chose. */
export const secretCredential = (secret: string): SecretCredential => ({
  kind: "secret",
  sha256: digestOf(Buffer.from(secret)).toString("hex"),
  generated: true,
});

export const digestOf = (secret: Buffer): Buffer => createHash("sha256").update(secret).digest();

/** `digest` as {@link digestOf} makes it; takes the same time whether or not it matches. */
export const isSecret = ({ sha256 }: SecretCredential, digest: Buffer): boolean =>
  timingSafeEqual(Buffer.from(sha256, "hex"), digest);
