import { expect, test } from "vitest";
import { Secret } from "../std/secret.ts";
import { parseVersion } from "./installation.ts";
import { parsePidFile } from "./pid-file.ts";
import { parseLsof } from "./process-table.ts";
import { scramVerifier } from "./scram-verifier.ts";
import { quoteIdentifier, quoteLiteral } from "./sql-text.ts";

test.for([
  ["", undefined],
  ["\n", undefined],
  ["hello\n", undefined],
  ["4711\n", { pid: 4711, state: undefined }],
  ["-4711\n/data\n", { pid: 4711, state: undefined }],
  ["4711\n/data\n1\n5432\n\n127.0.0.1\n  5 6\nready   \n", { pid: 4711, state: "ready" }],
  ["4711\n/data\n1\n5432\n\n127.0.0.1\n  5 6\nstarting\n", { pid: 4711, state: "starting" }],
] as const)("the pid file %j", ([text, expected]) => {
  expect(parsePidFile(text)).toEqual(expected);
});

test.for([
  ["postgres (PostgreSQL) 18.4\n", { major: 18, version: "18.4" }],
  ["postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", { major: 15, version: "15.18" }],
  ["postgres (PostgreSQL) 19beta2\n", { major: 19, version: "19beta2" }],
  ["bash: no such file\n", undefined],
] as const)("the version %j", ([text, expected]) => {
  expect(parseVersion(text)).toEqual(expected);
});

test("lsof's lines are read by process", () => {
  const text = "p12\nfcwd\nn/data/one\np13\nfcwd\nn/data/two\np14\nfcwd\nn/data/one\n";
  expect(parseLsof(text, "/data/one")).toEqual([12, 14]);
  expect(parseLsof("", "/data/one")).toEqual([]);
});

test("a verifier is that of RFC 7677's own example, and refuses what would need SASLprep", () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64").toString("hex");
  const random = { float: () => 0, hex: () => salt };
  expect(scramVerifier(new Secret("pencil"), random)).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
  expect(() => scramVerifier(new Secret("pässword"), random)).toThrow("printable ASCII");
});

test("what is quoted stays one name, or one text", () => {
  expect(quoteIdentifier('a"; drop table b; --')).toBe('"a""; drop table b; --"');
  expect(quoteLiteral("it's")).toBe("'it''s'");
  expect(quoteLiteral("a\\'b")).toBe("E'a\\\\''b'");
});
