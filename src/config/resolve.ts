/** From what the file says to what it means: defaults that depend on other fields, and identifiers. */
import { parseBandwidth, type Bandwidth } from "../model/bandwidth.ts";
import { linkSettings, type LinkSettings } from "../model/link-settings.ts";
import type { LinkEnd } from "../model/link.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { Config, DatabaseConfig, Placement } from "./config.ts";
import { settingText } from "./rules.ts";
import type { ConfigDocument, DatabaseDocument } from "./schema.ts";

/** The document must have passed the rules. */
export function resolveConfig(document: ConfigDocument): Config {
  const regions = Object.keys(document.regions) as RegionId[];
  return {
    name: document.name,
    world: document.world,
    preset: document.preset,
    addresses: document.addresses,
    portsBase: document.ports,
    regions,
    links: pairsOf(["controller", ...regions]).map((ends) => resolveLink(ends, document.links)),
    databases: Object.entries(document.databases).map(([name, database]) =>
      resolveDatabase(name, database, regions),
    ),
    postgres: {
      bin: document.postgres.bin,
      maxSlotWalKeepMb: document.postgres.maxSlotWalKeepMb,
    },
    events: document.events,
    evidence: document.evidence,
  };
}

function pairsOf(ends: readonly LinkEnd[]): readonly (readonly [LinkEnd, LinkEnd])[] {
  return ends.flatMap((one, index) => ends.slice(index + 1).map((other) => [one, other] as const));
}

function resolveLink(
  ends: readonly [LinkEnd, LinkEnd],
  links: ConfigDocument["links"],
): LinkSettings {
  const [one, other] = ends;
  const own = links[`${one}/${other}`] ?? links[`${other}/${one}`] ?? {};
  return linkSettings(ends, {
    rttMs: own.rttMs ?? links.default.rttMs,
    jitterMs: own.jitterMs ?? links.default.jitterMs,
    bandwidth: resolveBandwidth(own.bandwidth ?? links.default.bandwidth),
    isUp: true,
  });
}

function resolveBandwidth(text: string): Bandwidth {
  const bandwidth = parseBandwidth(text);
  assert(bandwidth !== undefined, "a bandwidth was checked before it was resolved");
  return bandwidth;
}

function resolveDatabase(
  name: string,
  database: DatabaseDocument,
  everyRegion: readonly RegionId[],
): DatabaseConfig {
  const regions =
    database.regions === undefined
      ? everyRegion.map((region) => ({ region, instances: 1 }))
      : Object.entries(database.regions).map(([region, member]) => ({
          region: region as RegionId,
          instances: member.instances,
        }));
  const roles = Object.entries(database.roles).map(([role, rights]) => ({ name: role, ...rights }));
  return {
    id: name as DatabaseId,
    placement: resolvePlacement(database),
    regions,
    roles,
    owner: database.owner ?? roles[0]?.name,
    settings: Object.entries(database.settings).map(([setting, value]) => ({
      name: setting,
      value: settingText(value),
    })),
  };
}

function resolvePlacement(database: DatabaseDocument): Placement {
  if (database.kind === "local") return { kind: "local" };
  assert(database.primary !== undefined, "a global database was checked to have a primary");
  return {
    kind: "global",
    primary: database.primary as RegionId,
    failover: database.failover,
    rejoin: database.rejoin,
    rpoGuardMs: database.rpoGuardMs,
    failoverPauseMs: database.failoverPauseMs,
  };
}
