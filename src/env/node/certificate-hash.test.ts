import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { endPointHash } from "./certificate-hash.ts";

type Algorithm = Parameters<typeof webcrypto.subtle.generateKey>[0] & { readonly name: string };

const ecdsa = (hash: string): Algorithm =>
  ({ name: "ECDSA", namedCurve: "P-256", hash }) as Algorithm;
const rsa = (name: string, hash: string): Algorithm =>
  // The salt matters to PSS alone.
  ({
    name,
    saltLength: 32,
    hash,
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }) as Algorithm;

async function certificateSignedWith(signingAlgorithm: Algorithm): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(signingAlgorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const dates = { notBefore: new Date(0), notAfter: new Date(4e12) };
  const {
    x509: { X509CertificateGenerator },
  } = await import("./x509-library.ts");
  const made = await X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm,
    ...dates,
  });
  return made.toString("pem");
}

test.each([
  [ecdsa("SHA-1"), "sha256"],
  [ecdsa("SHA-256"), "sha256"],
  [ecdsa("SHA-384"), "sha384"],
  [ecdsa("SHA-512"), "sha512"],
  [rsa("RSASSA-PKCS1-v1_5", "SHA-1"), "sha256"],
  [rsa("RSASSA-PKCS1-v1_5", "SHA-256"), "sha256"],
  [rsa("RSASSA-PKCS1-v1_5", "SHA-512"), "sha512"],
])("a certificate signed with %o is bound by %s", async (algorithm, hash) => {
  const certificate = await certificateSignedWith(algorithm);
  const { raw } = new X509Certificate(certificate);
  expect(endPointHash(certificate)).toEqual(createHash(hash).update(raw).digest());
});

test("no channel is bound to a certificate whose signature algorithm names no hash", async () => {
  for (const algorithm of [{ name: "Ed25519" } as Algorithm, rsa("RSA-PSS", "SHA-256")]) {
    expect(endPointHash(await certificateSignedWith(algorithm))).toBeUndefined();
  }
});
