import { X509Certificate } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { SimFileDisk, SimFiles } from "../../sim/files.ts";
import { Life } from "../../sim/life.ts";
import { planAddresses } from "../config/addresses.ts";
import { loadConfig } from "../config/load.ts";
import { stateLayout } from "../config/state-directory.ts";
import { nodeCertificates } from "../env/node/certificates.ts";
import { nodeClock } from "../env/node/clock.ts";
import type { RegionId } from "../model/region.ts";
import { keepCertificates, type GatewayIdentity } from "./world-certificates.ts";

const east = "us-east-1" as RegionId;
const dayMs = 86_400_000;
const layout = stateLayout("/world");

let disk: SimFileDisk;
beforeEach(() => {
  disk = new SimFileDisk();
  new SimFiles(disk, new Life()).makeDirectory(layout.secrets);
});

/** A start of the world, `later` ms from now. */
async function start(
  more = "",
  later = 0,
  regions = "us-east-1: {}, us-west-2: {}",
): Promise<ReadonlyMap<RegionId, GatewayIdentity>> {
  const { config } = loadConfig(
    `name: shop
regions: { ${regions} }
databases: { orders: { primary: us-east-1 } }
${more}`,
    "leeward.yaml",
  );
  const clock = { ...nodeClock, wallMs: () => nodeClock.wallMs() + later };
  const files = new SimFiles(disk, new Life());
  const doors = { files, clock, certificates: nodeCertificates };
  return keepCertificates(doors, { config, plan: planAddresses(config, "linux") }, layout);
}

const leaf = (identities: ReadonlyMap<RegionId, GatewayIdentity>, region = east): X509Certificate =>
  new X509Certificate(identities.get(region)?.certificate ?? "");
const authority = (): X509Certificate =>
  new X509Certificate(disk.texts.get(layout.caCertificate) ?? "");
const validMs = (certificate: X509Certificate, later = 0): number =>
  Date.parse(certificate.validTo) - nodeClock.wallMs() - later;

test("each Region has a certificate of the world's authority, for its address and for every name", async () => {
  const identities = await start("gateway: { names: { gdbdemo: { database: orders } } }");
  expect([...identities.keys()]).toEqual(["us-east-1", "us-west-2"]);
  const certificate = leaf(identities);
  expect(certificate.verify(authority().publicKey)).toBe(true);
  for (const name of ["localhost", "us-east-1", "orders", "orders-ro", "orders-rw", "gdbdemo"]) {
    expect(certificate.checkHost(name)).toBe(name);
  }
  expect(certificate.checkIP("127.0.1.1")).toBe("127.0.1.1");
  expect(certificate.checkHost("us-west-2")).toBeUndefined();
  expect(certificate.checkIP("127.0.2.1")).toBeUndefined();
  expect(leaf(identities, "us-west-2" as RegionId).checkIP("127.0.2.1")).toBe("127.0.2.1");
});

test("an authority holds for ten years, what it signs for one", async () => {
  const identities = await start();
  expect(Math.round(validMs(leaf(identities)) / dayMs)).toBe(365);
  expect(Math.round(validMs(authority()) / dayMs)).toBe(3650);
});

test("the next start keeps what it finds", async () => {
  const before = leaf(await start()).fingerprint256;
  expect(leaf(await start("", 334 * dayMs)).fingerprint256).toBe(before);
});

test("less than 30 days before its end a certificate is replaced, and the authority stays", async () => {
  const before = leaf(await start()).fingerprint256;
  const ca = authority().fingerprint256;
  const later = 336 * dayMs;
  const after = leaf(await start("", later));
  expect(after.fingerprint256).not.toBe(before);
  expect(Math.round(validMs(after, later) / dayMs)).toBe(365);
  expect(authority().fingerprint256).toBe(ca);
});

test("another name makes another certificate, and the authority stays", async () => {
  const before = leaf(await start()).fingerprint256;
  const ca = authority().fingerprint256;
  const after = leaf(await start("gateway: { names: { shop: { database: orders } } }"));
  expect(after.fingerprint256).not.toBe(before);
  expect(after.checkHost("shop")).toBe("shop");
  expect(authority().fingerprint256).toBe(ca);
});

test("no certificate outlives its authority", async () => {
  await start();
  const later = 3_500 * dayMs;
  const after = leaf(await start("", later));
  expect(Date.parse(after.validTo)).toBe(Date.parse(authority().validTo));
});

test("when the authority is about to end, there is a new one, and it has signed every certificate", async () => {
  await start();
  const ca = authority().fingerprint256;
  const identities = await start("", 3_640 * dayMs);
  expect(authority().fingerprint256).not.toBe(ca);
  for (const region of identities.keys()) {
    expect(leaf(identities, region).verify(authority().publicKey)).toBe(true);
  }
});

test("a Region that was added gets its own, and the others keep theirs", async () => {
  const before = leaf(await start()).fingerprint256;
  const identities = await start("", 0, "us-east-1: {}, us-west-2: {}, constructor: {}");
  expect(leaf(identities).fingerprint256).toBe(before);
  expect(leaf(identities, "constructor" as RegionId).checkIP("127.0.3.1")).toBe("127.0.3.1");
});

test("where nobody wants TLS, nothing is made", async () => {
  expect((await start("gateway: { tls: false }")).size).toBe(0);
  expect(disk.texts.size).toBe(0);
});

test("only the authority's certificate is for others to read, and it holds no key", async () => {
  await start();
  expect(disk.texts.get(layout.caCertificate)).not.toContain("PRIVATE");
  expect(disk.texts.get(layout.certificates)).toContain("PRIVATE");
});

test.for(["", "{", '{"version":1,"authority":"hunter2"}'])(
  "damaged certificates are reported without what they hold, and not replaced: %j",
  async (text) => {
    await start();
    disk.texts.set(layout.certificates, text);
    await expect(start()).rejects.toThrow(
      expect.objectContaining({ code: "state.damaged" }) as Error,
    );
    await expect(start()).rejects.not.toThrow(/hunter2/);
    expect(disk.texts.get(layout.certificates)).toBe(text);
  },
);
