import { laterSections, type ConfigDocument } from "./schema.ts";

/**
 * What the file asks for and this version does not do, one sentence each. A setting that is silently
 * ignored is a lie, so `leeward up` prints them.
 */
export function notYet(document: ConfigDocument): readonly string[] {
  return laterSections
    .filter((section) => document[section] !== undefined)
    .map((section) => `${section}: this version does not act on this section yet.`);
}
