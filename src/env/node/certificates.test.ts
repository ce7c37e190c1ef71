import { createHash, X509Certificate } from "node:crypto";
import { connect, createServer, type TlsOptions } from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { CertifiedKey, ServerNames } from "../certificates.ts";
import { nodeCertificates } from "./certificates.ts";
import { nodeClock } from "./clock.ts";

const day = 86_400_000;
const validity = { fromWallMs: nodeClock.wallMs() - day, untilWallMs: nodeClock.wallMs() + day };
const names: ServerNames = { hosts: ["us-east-1", "orders_ro"], ips: ["127.0.1.1"] };

async function issued(): Promise<{ authority: CertifiedKey; server: CertifiedKey }> {
  const authority = await nodeCertificates.createAuthority("Leeward shop", validity);
  const request = { commonName: "us-east-1", names, validity };
  return { authority, server: await nodeCertificates.issueServer(authority, request) };
}

/** What a client that trusts `ca` alone makes of a server with that key, when it calls it `servername`. */
async function handshake(server: CertifiedKey, ca: string, servername: string): Promise<string> {
  const options: TlsOptions = { cert: server.certificate, key: server.privateKey };
  const listener = createServer(options, (socket) => socket.end()).listen(0, "127.0.0.1");
  listener.on("tlsClientError", () => undefined);
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const client = connect({ host: "127.0.0.1", port, ca, servername });
  try {
    await once(client, "secureConnect");
    return "trusted";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    client.destroy();
    listener.close();
  }
}

test("a client that knows the authority trusts the server under each of its names, and under no other", async () => {
  const { authority, server } = await issued();
  expect(await handshake(server, authority.certificate, "us-east-1")).toBe("trusted");
  expect(await handshake(server, authority.certificate, "orders_ro")).toBe("trusted");
  expect(await handshake(server, authority.certificate, "us-west-2")).toBe(
    "ERR_TLS_CERT_ALTNAME_INVALID",
  );
});

test("a client that knows another authority of the same name does not trust the server", async () => {
  const { server } = await issued();
  const { authority: other } = await issued();
  expect(await handshake(server, other.certificate, "us-east-1")).not.toBe("trusted");
});

test("an authority signs servers and is none; a server signs nothing", async () => {
  const { authority, server } = await issued();
  const [ca, leaf] = [authority, server].map(({ certificate }) => new X509Certificate(certificate));
  expect(ca?.ca).toBe(true);
  expect(leaf?.ca).toBe(false);
  expect(leaf?.subjectAltName).toBe("DNS:us-east-1, DNS:orders_ro, IP Address:127.0.1.1");
  expect(leaf?.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(ca && leaf?.checkIssued(ca)).toBe(true);
  expect(ca && leaf?.verify(ca.publicKey)).toBe(true);
});

test("a certificate holds as long as it was asked to, and has a number of its own", async () => {
  const { authority, server } = await issued();
  const leaf = new X509Certificate(server.certificate);
  // Certificates count whole seconds.
  expect(Math.abs(Date.parse(leaf.validTo) - validity.untilWallMs)).toBeLessThan(1_000);
  expect(Math.abs(Date.parse(leaf.validFrom) - validity.fromWallMs)).toBeLessThan(1_000);
  const ca = new X509Certificate(authority.certificate);
  expect(leaf.serialNumber).not.toBe(ca.serialNumber);
  expect(leaf.serialNumber).toHaveLength(32);
});

test("the certificate is signed with SHA-256, so that channel binding hashes with it", async () => {
  const { server } = await issued();
  const { raw, fingerprint256 } = new X509Certificate(server.certificate);
  const digest = createHash("sha256").update(raw).digest("hex");
  expect(fingerprint256.replaceAll(":", "").toLowerCase()).toBe(digest);
  // 1.2.840.10045.4.3.2 is ecdsa-with-SHA256.
  expect(raw.includes(Buffer.from("06082a8648ce3d040302", "hex"))).toBe(true);
});
