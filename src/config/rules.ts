/**
 * The rules between fields of `leeward.yaml`, each with its reason. They look at a document whose shape
 * is right (`schema.ts`) and report every breach, not only the first.
 */
import type { z } from "zod";
import { parseBandwidth } from "../model/bandwidth.ts";
import type { Breach } from "./breach.ts";
import { whyForbidden } from "./forbidden-settings.ts";
import { checkGateway } from "./gateway-rules.ts";
import { instancesPerRegionMax, regionsMax } from "./limits.ts";
import {
  configShape,
  failoverPauseMsDefault,
  type ConfigDocument,
  type DatabaseDocument,
} from "./schema.ts";
import { checkTraffic } from "./traffic-rules.ts";

/** The shape of the file and the rules between its fields. */
export const configSchema: z.ZodType<ConfigDocument> = configShape.superRefine(
  (document, context) => {
    for (const { path, message, given, allowed } of checkRules(document)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { given, allowed } });
    }
  },
);

export function checkRules(document: ConfigDocument): readonly Breach[] {
  return [
    ...checkRegions(document),
    ...checkPorts(document),
    ...checkLinks(document),
    ...checkInstancesPerRegion(document),
    ...Object.entries(document.databases).flatMap(([name, database]) =>
      checkDatabase(name, database, Object.keys(document.regions)),
    ),
    ...checkDetachedNames(document),
    ...checkGateway(document),
    ...checkTraffic(document),
    ...atLeastOne("databases", document.databases),
  ];
}

function atLeastOne(section: string, names: object): readonly Breach[] {
  if (Object.keys(names).length > 0) return [];
  return [{ path: [section], message: "is empty; a world has at least one" }];
}

function checkRegions({ regions }: ConfigDocument): readonly Breach[] {
  const breaches = [...atLeastOne("regions", regions)];
  const names = Object.keys(regions);
  if (names.includes("controller")) {
    const message = "is not a Region's name: links call the controller so";
    breaches.push({ path: ["regions", "controller"], message });
  }
  if (names.length > regionsMax) {
    const message = `has ${names.length} Regions; the address plan has room for ${regionsMax}`;
    breaches.push({ path: ["regions"], message });
  }
  return breaches;
}

function checkPorts({ ports, addresses }: ConfigDocument): readonly Breach[] {
  if (ports === undefined || addresses !== "loopback-block") return [];
  const message = "has no effect with `addresses: loopback-block`, whose ports are fixed";
  return [{ path: ["ports"], message }];
}

function checkLinks({ links, regions }: ConfigDocument): readonly Breach[] {
  const ends = ["controller", ...Object.keys(regions)];
  const seen = new Map<string, string>();
  const breaches = unusableBandwidth(["links", "default"], links.default.bandwidth);
  for (const [key, link] of Object.entries(links)) {
    if (key === "default") continue;
    const path = ["links", key];
    breaches.push(...checkPair(path, key, ends), ...unusableBandwidth(path, link.bandwidth));
    const pair = key.split("/").toSorted().join("/");
    const first = seen.get(pair);
    if (first === undefined) seen.set(pair, key);
    else breaches.push({ path, message: `is the link that \`${first}\` has set already` });
  }
  return breaches;
}

function checkPair(path: string[], key: string, ends: readonly string[]): readonly Breach[] {
  const [one, other, ...rest] = key.split("/");
  if (one === undefined || other === undefined || rest.length > 0) {
    const message = "names no link; write `default`, or two ends as in `us-east-1/us-west-2`";
    return [{ path, message, given: key, allowed: ["default"] }];
  }
  if (one === other) return [{ path, message: "has the same end twice" }];
  return [one, other]
    .filter((end) => !ends.includes(end))
    .map((end) => ({
      path,
      message: `has an end that is no Region, "${end}"`,
      given: end,
      allowed: ends,
    }));
}

function unusableBandwidth(path: readonly string[], bandwidth: string | undefined): Breach[] {
  if (bandwidth === undefined || parseBandwidth(bandwidth) !== undefined) return [];
  const message = `is "${bandwidth}", which is too slow or too fast to imitate; at least 8kbit`;
  return [{ path: [...path, "bandwidth"], message }];
}

function checkInstancesPerRegion({ regions, databases }: ConfigDocument): readonly Breach[] {
  return Object.keys(regions).flatMap((region) => {
    const counts = Object.values(databases).map((database) =>
      database.regions === undefined ? 1 : (database.regions[region]?.instances ?? 0),
    );
    const sum = counts.reduce((total, count) => total + count, 0);
    if (sum <= instancesPerRegionMax) return [];
    const message = `has ${sum} instances of all databases together; the address plan has room for ${instancesPerRegionMax}`;
    return [{ path: ["regions", region], message }];
  });
}

function checkDatabase(
  name: string,
  database: DatabaseDocument,
  known: readonly string[],
): readonly Breach[] {
  const path = ["databases", name];
  const members = Object.keys(database.regions ?? {});
  const unknown = members.filter((region) => !known.includes(region));
  return [
    ...checkDatabaseName(path, name),
    ...(database.regions === undefined ? [] : atLeastOne("regions", members)).map((breach) => ({
      ...breach,
      path: [...path, "regions"],
    })),
    ...unknown.map((region) => ({
      path: [...path, "regions", region],
      message: "is no Region of this world",
      given: region,
      allowed: known,
    })),
    ...checkPlacement(path, database, database.regions === undefined ? known : members),
    ...checkRoles(path, database),
    ...checkSettings(path, database),
  ];
}

function checkDatabaseName(path: readonly string[], name: string): readonly Breach[] {
  if (["postgres", "template0", "template1"].includes(name)) {
    return [{ path, message: "is a database that PostgreSQL makes for itself" }];
  }
  if (!/-(ro|rw)$/.test(name)) return [];
  return [
    { path, message: "ends like the names of readers (-ro) and writers (-rw) of a database" },
  ];
}

/** A Region that is detached from a global database becomes one of its own, which needs a name. */
function checkDetachedNames({ databases, regions }: ConfigDocument): readonly Breach[] {
  const names = Object.keys(databases);
  return Object.entries(databases)
    .filter(([, { kind }]) => kind === "global")
    .flatMap(([name]) =>
      Object.keys(regions)
        .filter((region) => names.includes(`${name}-${region}`))
        .map((region) => ({
          path: ["databases", `${name}-${region}`],
          message: `is the name that \`${name}\` has in ${region} once that Region is detached`,
        })),
    );
}

function checkPlacement(
  path: readonly string[],
  database: DatabaseDocument,
  members: readonly string[],
): readonly Breach[] {
  const primary = [...path, "primary"];
  if (database.kind === "local") return checkLocal(path, database);
  if (database.primary === undefined) {
    const message = "is missing: a global database has one Region that accepts writes";
    return [{ path: primary, message, allowed: members }];
  }
  if (members.includes(database.primary)) return [];
  const message = `is "${database.primary}", which is none of this database's Regions`;
  return [{ path: primary, message, given: database.primary, allowed: members }];
}

/** In a local database every Region has a writer of its own, so nothing about a primary can be said. */
function checkLocal(path: readonly string[], database: DatabaseDocument): readonly Breach[] {
  const said = [
    ...(database.primary === undefined ? [] : ["primary"]),
    ...(database.failover === "manual" ? [] : ["failover"]),
    ...(database.rejoin === "automatic" ? [] : ["rejoin"]),
    ...(database.rpoGuardMs === 0 ? [] : ["rpoGuardMs"]),
    ...(database.failoverPauseMs === failoverPauseMsDefault ? [] : ["failoverPauseMs"]),
  ];
  return said.map((field) => ({
    path: [...path, field],
    message: "has no place in a local database: each of its Regions is independent",
  }));
}

function checkRoles(path: readonly string[], database: DatabaseDocument): readonly Breach[] {
  const names = Object.keys(database.roles);
  const reserved = names.filter(
    (name) =>
      ["leeward", "replicator", "postgres", "public", "none"].includes(name) ||
      name.startsWith("pg_"),
  );
  const breaches: Breach[] = reserved.map((name) => ({
    path: [...path, "roles", name],
    message: "is a name that PostgreSQL or Leeward uses itself",
  }));
  if (database.owner !== undefined && !names.includes(database.owner)) {
    const message = `is "${database.owner}", which is none of this database's roles`;
    const given = database.owner;
    breaches.push({ path: [...path, "owner"], message, given, allowed: names });
  }
  return breaches;
}

function checkSettings(path: readonly string[], database: DatabaseDocument): readonly Breach[] {
  return Object.entries(database.settings).flatMap(([name, value]) => {
    const because = whyForbidden(name, settingText(value));
    return because === undefined
      ? []
      : [{ path: [...path, "settings", name], message: `may not be set so: ${because}` }];
  });
}

/** A setting's value as PostgreSQL spells it. */
export function settingText(value: string | number | boolean): string {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}
