import { laterSections, type ConfigDocument, type DatabaseDocument } from "./schema.ts";

/**
 * What the file asks for and this version does not do, one sentence each. A setting that is silently
 * ignored is a lie, so `leeward up` prints them.
 */
export function notYet(document: ConfigDocument): readonly string[] {
  const sections = laterSections
    .filter((section) => document[section] !== undefined)
    .map((section) => `${section}: this version does not act on this section yet.`);
  const databases = Object.entries(document.databases).flatMap(([name, database]) =>
    notYetInDatabase(database).map((said) => `databases.${name}.${said}`),
  );
  return [...sections, ...databases];
}

function notYetInDatabase({ failover, rejoin, rpoGuardMs }: DatabaseDocument): readonly string[] {
  return [
    ...(failover === "automatic"
      ? ["failover: this version does not fail over by itself yet."]
      : []),
    ...(rejoin === "manual"
      ? ["rejoin: this version does not ask before a secondary rejoins."]
      : []),
    ...(rpoGuardMs > 0
      ? ["rpoGuardMs: this version has no RPO guard yet; commits do not wait."]
      : []),
  ];
}
