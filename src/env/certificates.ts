/** The door to certificates: keys are made and signatures given behind it. */

/** PEM; the private key is a secret. */
export type CertifiedKey = { readonly certificate: string; readonly privateKey: string };

export type Validity = { readonly fromWallMs: number; readonly untilWallMs: number };

export type ServerRequest = {
  /** For people; checks go by `names`. */
  readonly commonName: string;
  readonly names: ServerNames;
  readonly validity: Validity;
};

/** What a client may have called the server when it connected. */
export type ServerNames = { readonly hosts: readonly string[]; readonly ips: readonly string[] };

export interface Certificates {
  /** A new authority with a key of its own, which may sign servers and nothing below them. */
  createAuthority(commonName: string, validity: Validity): Promise<CertifiedKey>;
  /** A new key for a TLS server, certified by `authority`. */
  issueServer(authority: CertifiedKey, request: ServerRequest): Promise<CertifiedKey>;
}
