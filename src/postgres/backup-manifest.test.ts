import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { findManifestFault, type ReceivedFile } from "./backup-manifest.ts";
import { crc32c, formatCrc32c } from "./crc32c.ts";

const checksum = (text: string): string => formatCrc32c(crc32c(0, Buffer.from(text)));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function manifestOf(
  files: Readonly<Record<string, string>>,
  systemId = "7710538474207663835",
): Buffer {
  const list = Object.entries(files).map(
    ([path, content]) =>
      `{ "Path": "${path}", "Size": ${content.length}, "Checksum-Algorithm": "CRC32C", "Checksum": "${checksum(content)}" }`,
  );
  const body = `{ "PostgreSQL-Backup-Manifest-Version": 2,\n"System-Identifier": ${systemId},\n"Files": [\n${list.join(",\n")}\n],\n"WAL-Ranges": [],\n`;
  return Buffer.from(`${body}"Manifest-Checksum": "${sha256(body)}"}\n`);
}

function receivedOf(files: Readonly<Record<string, string>>): Map<string, ReceivedFile> {
  return new Map(
    Object.entries(files).map(([path, content]) => [
      path,
      { size: content.length, checksum: checksum(content) },
    ]),
  );
}

const systemId = "7710538474207663835";
const files = { PG_VERSION: "18\n", "base/1/2": "content" };

test("a backup that arrived as it was sent has no fault; its WAL is not looked at", () => {
  const received = receivedOf({ ...files, "pg_wal/000000010000000000000002": "wal" });
  expect(findManifestFault(manifestOf(files), received, systemId)).toBeUndefined();
});

test.for([
  ["base/1/2 did not arrive", receivedOf({ PG_VERSION: "18\n" })],
  ["base/1/2 arrived with 3 of 7 bytes", receivedOf({ ...files, "base/1/2": "con" })],
  ["base/1/2 arrived damaged", receivedOf({ ...files, "base/1/2": "c0ntent" })],
  ["stray arrived, but the manifest does not name it", receivedOf({ ...files, stray: "" })],
] as const)("%s", ([fault, received]) => {
  expect(findManifestFault(manifestOf(files), received, systemId)).toBe(fault);
});

test("a manifest that was changed or cut is a fault itself", () => {
  const whole = manifestOf(files);
  const changed = Buffer.from(whole.toString().replace('"Size": 7', '"Size": 8'));
  expect(findManifestFault(changed, receivedOf(files), systemId)).toMatch(/manifest/);
  const cut = whole.subarray(0, 200);
  expect(findManifestFault(cut, receivedOf(files), systemId)).toMatch(/did not arrive whole/);
});

test("a manifest of another system is a fault, to the last digit of its number", () => {
  const other = manifestOf(files, "7710538474207663836");
  expect(findManifestFault(other, receivedOf(files), systemId)).toMatch(/7710538474207663836/);
});

test("a path that is not UTF-8 is named in hex", () => {
  const body = `{ "Files": [\n{ "Encoded-Path": "${Buffer.from("a b").toString("hex")}", "Size": 0, "Checksum": "${checksum("")}" }\n],\n`;
  const manifest = Buffer.from(`${body}"Manifest-Checksum": "${sha256(body)}"}\n`);
  expect(findManifestFault(manifest, receivedOf({ "a b": "" }), systemId)).toBeUndefined();
});
