/** What a session's settings say about how its texts are to be read. */
import { isOn } from "./settings.ts";
import type { Reading } from "./sql.ts";

/**
 * In these every byte below 128 is a character of ASCII; all names that PostgreSQL knows them by, without what it skips
 * in a name. Of what is not listed (SJIS, BIG5, GBK, UHC, JOHAB, GB18030, SHIFT_JIS_2004) it may be half of another.
 */
const asciiSafe =
  /^(utf8|unicode|sqlascii|latin\d+|iso8859\d+|koi8[ru]?|euc[a-z]{2,3}(2004)?|(win|windows)(866|874|125\d)|mule\w*|win|alt|abc|tcvn\w*|vscii)$/;

/** Both as they were set, or as a server reports them. */
export function readingOf(clientEncoding: string, standardConformingStrings: string): Reading {
  const encoding = clientEncoding.toLowerCase().replace(/[^a-z0-9]/g, "");
  return {
    isAsciiSafe: asciiSafe.test(encoding),
    isUtf8: encoding === "utf8" || encoding === "unicode",
    standardConformingStrings: isOn(standardConformingStrings),
  };
}
