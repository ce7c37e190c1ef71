/**
 * RFC 5929, section 4.1: a channel is bound to the server's certificate by the hash that its signature was made with,
 * SHA-256 standing in for MD5 and SHA-1.
 */
import { createHash, X509Certificate } from "node:crypto";

/** Signature algorithms by their object identifiers in hex, as DER has them, and the hash that each names. */
const hashes: Readonly<Record<string, string>> = {
  // RSA (PKCS #1), 1.2.840.113549.1.1: MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224.
  "2a864886f70d010104": "sha256",
  "2a864886f70d010105": "sha256",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  // ECDSA, 1.2.840.10045.4: SHA-1; SHA-224, SHA-256, SHA-384, SHA-512.
  "2a8648ce3d0401": "sha256",
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/**
 * The binding data `tls-server-end-point` of a certificate in PEM (the first one, where there are several). Undefined
 * where the signature algorithm names no hash (Ed25519) or hides it in its parameters (RSA-PSS).
 * @throws Error when it is no certificate
 */
export function endPointHash(certificate: string): Buffer | undefined {
  const { raw } = new X509Certificate(certificate);
  const hash = hashes[signatureAlgorithm(raw).toString("hex")];
  return hash === undefined ? undefined : createHash(hash).update(raw).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, SEQUENCE { algorithm OBJECT IDENTIFIER, … }, signature } */
function signatureAlgorithm(der: Buffer): Buffer {
  const certificate = contentOf(der, 0);
  const signed = contentOf(der, certificate.start);
  const algorithm = contentOf(der, signed.end);
  const identifier = contentOf(der, algorithm.start);
  return der.subarray(identifier.start, identifier.end);
}

/** Of the DER value at `at`. The certificate was parsed already, so the lengths are true. */
function contentOf(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der.readUInt8(at + 1);
  // 0x80 and more: as many bytes of length follow.
  const more = first < 0x80 ? 0 : first & 0x7f;
  const length = more === 0 ? first : der.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return { start, end: start + length };
}
