import { laterSections, type ConfigDocument } from "./schema.ts";

/**
 * What the file asks for and this version does not do, one sentence each. A setting that is silently
 * ignored is a lie, so `leeward up` prints them.
 */
export function notYet(document: ConfigDocument): readonly string[] {
  const sections = laterSections
    .filter((section) => document[section] !== undefined)
    .map((section) => `${section}: this version does not act on this section yet.`);
  const presets =
    document.preset === "wan" ? ["preset: `wan` works like `local` in this version."] : [];
  const databases = Object.entries(document.databases).flatMap(([name, database]) => [
    ...(database.failover === "automatic"
      ? [`databases.${name}.failover: this version does not fail over by itself yet.`]
      : []),
    ...(database.rpoGuardMs > 0
      ? [`databases.${name}.rpoGuardMs: this version has no RPO guard yet; commits do not wait.`]
      : []),
  ]);
  return [...presets, ...sections, ...databases];
}
