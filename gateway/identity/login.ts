// A login in identity's own words: what a client shows, and what it is answered. Each transport
// translates the answer into the codes of its protocol.

/** A client certificate that TLS has verified. */
export interface Certificate {
  readonly subjectCN: string | undefined;
  /** As Node spells them: `DNS:name`, `URI:...`, `IP Address:...`. */
  readonly altNames: readonly string[];
  /** SHA-256 of the certificate (DER) in lower-case hex. */
  readonly fingerprint: string;
}

export interface Credentials {
  /** Empty: the transport will make one up. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  /** Undefined unless the listener asks for one and the client has one. */
  readonly certificate: Certificate | undefined;
  readonly remoteAddress: string;
}

/** Bounded, because each transport has a code for each of them. */
export type LoginRefusal =
  | "client_id_invalid"
  | "bad_credentials"
  | "not_authorized"
  | "server_unavailable"
  | "quota_exceeded";

export type Authentication =
  | {
      readonly allowed: true;
      /** The record that the client is; absent for anonymous clients. */
      readonly principal?: string;
      /** The same, where the record is a device's. */
      readonly device?: string;
      /** The record and its rights in one word; another word is another client. */
      readonly grant?: string;
    }
  | { readonly allowed: false; readonly reason: LoginRefusal };

/** The owner of what a client leaves: the record that it logged in as, if any, and its rights. */
export interface Owner {
  readonly principal?: string | undefined;
  readonly grant?: string | undefined;
}
