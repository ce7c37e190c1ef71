/** What the code of a function in SQL or PL/pgSQL tells without being parsed. It errs towards danger. */

const word = /[\p{L}_][\p{L}\p{N}_$]*|[-+*/<>=~!@#%^&|`?]+/gu;

/** All words and operators of it, also those in strings and comments; names that are not quoted in small letters as well. */
export function wordsOf(code: string): ReadonlySet<string> {
  const words = new Set<string>();
  for (const [found] of code.matchAll(word)) {
    words.add(found);
    words.add(found.toLowerCase());
  }
  return words;
}

/** Each leaves something in the session, or runs what is put together at the time. */
const marks: readonly RegExp[] = [
  /\b(execute|listen|unlisten|prepare|deallocate|discard|load|hold)\b/i,
  /\b(temp|temporary|pg_temp\w*)\b/i,
  /\bpg_(try_)?advisory_(lock|unlock)/i,
  /\bset_config\b|\bdblink/i,
  // SET and RESET where a statement begins. UPDATE has its SET elsewhere, and SET LOCAL ends with its transaction.
  /(^|;|\b(begin|then|else|loop|atomic))\s*(reset|set\s+(?!local\b))/i,
];

/** It may change its session. */
export function isOpaque(code: string): boolean {
  if (marks.some((mark) => mark.test(code))) return true;
  // A comment may stand before SET; one inside a string only adds to what is found.
  const bare = code.replace(/--[^\n]*|\/\*[^]*?\*\//g, " ");
  return marks.some((mark) => mark.test(bare));
}
