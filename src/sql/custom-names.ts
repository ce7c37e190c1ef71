/**
 * Names of settings that applications make up (`app.tenant`), as a text sets them. PostgreSQL lists them nowhere, and
 * shows one only to who knows its name.
 */

const setConfig = /\bset_config\s*\(\s*E?'([a-z_][\w$]*(?:\.[a-z_][\w$]*)+)'/gi;
const setStatement =
  /\bset\s+(?:session\s+)?("?[a-z_][\w$]*"?(?:\."?[a-z_][\w$]*"?)+)\s*(?:=|to\b)/gi;

/** @param text of a statement, or of a function; names are in lower case, and may come twice */
export function customNamesIn(text: string): readonly string[] {
  return [...text.matchAll(setConfig), ...text.matchAll(setStatement)].map(([, name = ""]) =>
    name.replaceAll('"', "").toLowerCase(),
  );
}
