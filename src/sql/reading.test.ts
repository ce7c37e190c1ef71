import { expect, test } from "vitest";
import { readingOf } from "./reading.ts";

test.each([
  "UTF8",
  "utf-8",
  "Unicode",
  "LATIN1",
  "ISO_8859_5",
  "EUC_JP",
  "EUC_JIS_2004",
  "WIN1252",
  "SQL_ASCII",
  "KOI8R",
])("%s keeps ASCII as it is", (encoding) => {
  expect(readingOf(encoding, "on").isAsciiSafe).toBe(true);
});

test.each([
  "SJIS",
  "shift_jis",
  "BIG5",
  "GBK",
  "win932",
  "Windows949",
  "UHC",
  "JOHAB",
  "GB18030",
  "SHIFT_JIS_2004",
  "unheard of",
  "",
])("%s may not", (encoding) => {
  expect(readingOf(encoding, "on").isAsciiSafe).toBe(false);
});

test("only UTF8 is UTF8", () => {
  expect(readingOf("utf-8", "on").isUtf8).toBe(true);
  expect(readingOf("LATIN1", "on").isUtf8).toBe(false);
});

test("strings conform when the setting is on, however that is said", () => {
  expect(
    ["on", "true", "YES", "1"].map((value) => readingOf("UTF8", value).standardConformingStrings),
  ).not.toContain(false);
  expect(
    ["off", "false", "0", ""].map((value) => readingOf("UTF8", value).standardConformingStrings),
  ).not.toContain(true);
});
