/** X.509 with WebCrypto. ECDSA on P-256: small, made in a millisecond, and every TLS client understands it. */
import { webcrypto } from "node:crypto";
import type * as x509 from "@peculiar/x509";
import type { Certificates, CertifiedKey, ServerNames, Validity } from "../certificates.ts";

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
/** SHA-256 here is also what channel binding (`tls-server-end-point`) hashes with. */
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** 16 bytes: two certificates of one authority never have the same number. */
const serialBytes = 16;

export const nodeCertificates: Certificates = {
  async createAuthority(commonName, validity) {
    const { library, newKeys, certified } = await open();
    const keys = await newKeys();
    const extensions = [
      new library.BasicConstraintsExtension(true, 0, true),
      new library.KeyUsagesExtension(
        library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign,
        true,
      ),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ];
    const certificate = await library.X509CertificateGenerator.createSelfSigned({
      ...common(validity),
      name: [{ CN: [commonName] }],
      keys,
      extensions,
    });
    return certified(certificate, keys);
  },

  async issueServer(authority, { commonName, names, validity }) {
    const { library, newKeys, certified, signingKey } = await open();
    const issuer = new library.X509Certificate(authority.certificate);
    const keys = await newKeys();
    const extensions = [
      new library.BasicConstraintsExtension(false, undefined, true),
      new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
      new library.ExtendedKeyUsageExtension([library.ExtendedKeyUsage.serverAuth]),
      new library.SubjectAlternativeNameExtension(alternativeNames(names)),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await library.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ];
    const certificate = await library.X509CertificateGenerator.create({
      ...common(validity),
      subject: [{ CN: [commonName] }],
      issuer: issuer.subjectName,
      publicKey: keys.publicKey,
      signingKey: await signingKey(authority.privateKey),
      extensions,
    });
    return certified(certificate, keys);
  },
};

type Workshop = {
  readonly library: typeof x509;
  readonly newKeys: () => Promise<webcrypto.CryptoKeyPair>;
  readonly signingKey: (pem: string) => Promise<webcrypto.CryptoKey>;
  readonly certified: (
    certificate: x509.X509Certificate,
    keys: webcrypto.CryptoKeyPair,
  ) => Promise<CertifiedKey>;
};

/** Loaded when a certificate is to be made, which is seldom: it takes as long as all the rest of a command. */
async function open(): Promise<Workshop> {
  const { x509: library } = await import("./x509-library.ts");
  const { subtle } = webcrypto;
  const { PemConverter } = library;
  return {
    library,
    newKeys: () => subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]),
    signingKey: (pem) =>
      subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), keyAlgorithm, false, ["sign"]),
    certified: async (certificate, { privateKey }) => ({
      certificate: `${certificate.toString("pem")}\n`,
      privateKey: `${PemConverter.encode(await subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY")}\n`,
    }),
  };
}

function common({ fromWallMs, untilWallMs }: Validity): Pick<
  x509.X509CertificateCreateParams,
  "serialNumber" | "notBefore" | "notAfter"
> & {
  readonly signingAlgorithm: typeof signingAlgorithm;
} {
  const serial = webcrypto.getRandomValues(Buffer.alloc(serialBytes));
  // A serial number is positive and begins with no zero.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return {
    serialNumber: serial.toString("hex"),
    notBefore: new Date(fromWallMs),
    notAfter: new Date(untilWallMs),
    signingAlgorithm,
  };
}

function alternativeNames({ hosts, ips }: ServerNames): x509.JsonGeneralNames {
  return [
    ...hosts.map((value) => ({ type: "dns" as const, value })),
    ...ips.map((value) => ({ type: "ip" as const, value })),
  ];
}
