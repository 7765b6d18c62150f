// An authority of certificates made with openssl, as an operator makes one: it signs, revokes, and
// writes its revocation list.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Paths of PEM files. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export class CertificateAuthority {
  readonly certificate: string;
  readonly #directory: string;
  readonly #key: string;
  readonly #config: string;

  constructor(parent: string, name = "authority") {
    this.#directory = join(parent, name);
    mkdirSync(this.#directory);
    this.#key = this.#file("ca.key");
    this.certificate = this.#file("ca.pem");
    this.#config = this.#file("ca.conf");
    writeFileSync(this.#file("index.txt"), "");
    writeFileSync(this.#file("crlnumber"), "01\n");
    writeFileSync(
      this.#config,
      [
        "[ca]",
        "default_ca = it",
        "[it]",
        `database = ${this.#file("index.txt")}`,
        `crlnumber = ${this.#file("crlnumber")}`,
        "default_md = sha256",
        "default_crl_days = 30",
      ].join("\n"),
    );
    this.#openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", this.#key, "-out", this.certificate, "-days", "30", "-subj", `/CN=${name}`],
    );
  }

  /** A new key with its certificate; `rsa` for clients of another time. */
  sign(name: string, { as = name, rsa = false, san = "" } = {}): KeyPair {
    const [key, request, certificate] = [`${as}.key`, `${as}.csr`, `${as}.pem`].map((file) =>
      this.#file(file),
    ) as [string, string, string];
    this.#openssl(
      ...["req", "-new", "-nodes", "-keyout", key, "-out", request, "-subj", `/CN=${name}`],
      ...(rsa
        ? ["-newkey", "rsa:2048"]
        : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]),
      ...(san === "" ? [] : ["-addext", `subjectAltName=${san}`]),
    );
    this.#openssl(
      ...["x509", "-req", "-in", request, "-out", certificate, "-days", "30", "-copy_extensions"],
      ...["copy", "-CA", this.certificate, "-CAkey", this.#key, "-CAcreateserial"],
    );
    return { key, certificate };
  }

  /** The revocation list, in PEM, of all that was revoked so far and of these. */
  revoke(...pairs: KeyPair[]): string {
    const list = this.#file("crl.pem");
    const signer = ["-cert", this.certificate, "-keyfile", this.#key, "-config", this.#config];
    for (const { certificate } of pairs) this.#openssl("ca", "-revoke", certificate, ...signer);
    this.#openssl("ca", "-gencrl", "-out", list, ...signer);
    return readFileSync(list, "utf8");
  }

  /** As openssl prints it. */
  fingerprint({ certificate }: KeyPair): string {
    return this.#openssl("x509", "-in", certificate, "-noout", "-fingerprint", "-sha256");
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #openssl(...args: string[]): string {
    return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
}
