/** From what the file says to what it means: defaults that depend on other fields, and identifiers. */
import { parseBandwidth, type Bandwidth } from "../model/bandwidth.ts";
import type { GatewayName } from "../model/gateway.ts";
import { linkSettings, type LinkSettings } from "../model/link-settings.ts";
import type { LinkEnd } from "../model/link.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { Config, DatabaseConfig, GatewayConfig, Placement } from "./config.ts";
import { defaultNames, maxConnectionsIn } from "./gateway-rules.ts";
import { serverConnectionsDefault, type GatewayDocument } from "./gateway-schema.ts";
import { settingText } from "./rules.ts";
import { resolvePooler, resolveServices, resolveTraffic } from "./resolve-traffic.ts";
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
      resolveDatabase(name, database, { regions, gateway: document.gateway }),
    ),
    postgres: {
      bin: document.postgres.bin,
      maxSlotWalKeepMb: document.postgres.maxSlotWalKeepMb,
    },
    gateway: resolveGateway(document),
    pgbouncer: resolvePooler(document),
    services: resolveServices(document),
    traffic: resolveTraffic(document),
    hasFrontDoors: document.traffic !== undefined || Object.keys(document.services).length > 0,
    load: Object.entries(document.load).map(([name, { module }]) => ({ name, module })),
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
  world: { readonly regions: readonly RegionId[]; readonly gateway: GatewayDocument },
): DatabaseConfig {
  const regions =
    database.regions === undefined
      ? world.regions.map((region) => ({ region, instances: 1 }))
      : Object.entries(database.regions).map(([region, member]) => ({
          region: region as RegionId,
          instances: member.instances,
        }));
  const roles = Object.entries(database.roles).map(([role, rights]) => ({
    name: role,
    login: rights.login,
    superuser: rights.superuser,
    replication: rights.replication,
    memberOf: [...new Set(rights.memberOf)],
    consistency: rights.consistency,
  }));
  return {
    id: name as DatabaseId,
    placement: resolvePlacement(database),
    regions,
    roles,
    owner: database.owner ?? roles[0]?.name,
    consistency: database.consistency ?? world.gateway.consistency,
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

function resolveGateway({ gateway, databases }: ConfigDocument): GatewayConfig {
  const { serverConnectionsMax, ...limits } = gateway.limits;
  const smallest = Math.min(
    ...Object.values(databases).map(({ settings }) => maxConnectionsIn(settings)),
  );
  return {
    names: resolveNames(Object.keys(databases) as DatabaseId[], gateway.names),
    tls: gateway.tls === "required" ? "required" : gateway.tls ? "offered" : "off",
    commitCertainty: gateway.commitCertainty,
    limits: {
      ...limits,
      serverConnectionsMax:
        serverConnectionsMax ??
        Math.max(1, Math.min(serverConnectionsDefault, Math.floor(smallest * shareOfConnections))),
    },
  };
}

/** As 80 of PostgreSQL's 100. */
const shareOfConnections = 0.8;

/** A name that the file gives to a database goes before the one that it would have by itself. */
function resolveNames(
  databases: readonly DatabaseId[],
  given: GatewayDocument["names"],
): readonly GatewayName[] {
  const own = databases.flatMap(defaultNames).filter(({ name }) => !Object.hasOwn(given, name));
  const more = Object.entries(given).map(([name, { database, mode }]) => ({
    name,
    database: database as DatabaseId,
    mode,
  }));
  return [...own, ...more];
}
