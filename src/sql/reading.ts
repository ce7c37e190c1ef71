/** What a session's settings say about how its texts are to be read. */
import type { Reading } from "./sql.ts";

/** PostgreSQL's encodings for clients alone: a byte of ASCII may be half of another character in these. */
const unsafe = new Set(["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"]);

/** @param clientEncoding, standardConformingStrings as the server's ParameterStatus has them */
export function readingOf(clientEncoding: string, standardConformingStrings: string): Reading {
  const encoding = clientEncoding.toUpperCase();
  return {
    isAsciiSafe: !unsafe.has(encoding),
    isUtf8: encoding === "UTF8",
    standardConformingStrings: standardConformingStrings === "on",
  };
}
