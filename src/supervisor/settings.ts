/** What each program is told, worked out from the config, the addresses and the secrets. Pure. */
import { instanceAddress, regionPlan, type AddressPlan } from "../config/addresses.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { agentToken, databasePasswords, peerToken, type WorldSecrets } from "../config/secrets.ts";
import type { StateLayout } from "../config/state-directory.ts";
import { formatAddress } from "../model/address.ts";
import { linkDirections } from "../model/link-settings.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type {
  AgentSettings,
  ControllerSettings,
  LogLevel,
  NetworkSettings,
} from "../wire/program-settings.ts";
import { agentsFront } from "./front-settings.ts";
import { agentsGateway } from "./gateway-settings.ts";
import { gatewaysOf, settingsOfPooler } from "./pooler-settings.ts";
import { settingsOfServices } from "./service-settings.ts";
import { controllersTraffic } from "./traffic-settings.ts";

export type WorldParts = {
  readonly config: Config;
  readonly plan: AddressPlan;
  readonly layout: StateLayout;
  /** Where leeward.yaml lies: services are run there. */
  readonly configDirectory: string;
  readonly secrets: WorldSecrets;
  readonly version: string;
  readonly startedWallMs: number;
  readonly logLevel: LogLevel;
  /** LEEWARD_PG_BIN, which goes before the config. */
  readonly pgBin: string | undefined;
  /** How this program itself is run: node and the script. */
  readonly self: readonly string[];
  /** Where programs of the machine are found, and packages kept. */
  readonly packages: { readonly cacheDirectory: string; readonly searchPath: string };
};

/** By preset: short where Regions are milliseconds apart, longer across real distances. */
const leaseTtlMs = { local: 3_000, wan: 10_000 } as const;
const leaseMarginMs = { local: 1_000, wan: 2_000 } as const;

export function settingsOfController(parts: WorldParts): ControllerSettings {
  const { config, plan, layout, secrets } = parts;
  return {
    logLevel: parts.logLevel,
    world: { name: config.name, number: config.world, startedWallMs: parts.startedWallMs },
    version: parts.version,
    storePath: `${layout.controller}/store.db`,
    archivePath: `${layout.controller}/archive.db`,
    eventsKeepDays: config.events.keepDays,
    evidenceKeepDays: config.evidence.keepDays,
    leaseTtlMs: leaseTtlMs[config.preset],
    leaseMarginMs: leaseMarginMs[config.preset],
    api: plan.api,
    apiHosts: [formatAddress(plan.api), `localhost:${plan.api.port}`],
    apiToken: secrets.apiToken,
    control: plan.control,
    networkToken: secrets.networkToken,
    regions: plan.regions.map(({ region, cidr, agent, gateway, instances, seen }) => ({
      region,
      token: agentToken(secrets, region),
      network: cidr,
      agent,
      gateway,
      instances: instances.map(placed),
      seen: seen.map((other) => ({
        region: other.region,
        agent: other.agent,
        instances: other.instances.map(placed),
      })),
    })),
    systems: config.databases.flatMap(systemsOf),
    passwords: config.databases.flatMap(({ id, roles }) =>
      roles.flatMap(({ name }) => {
        const password = databasePasswords(secrets, id).roles[name];
        return password ? [{ database: id, role: name, password }] : [];
      }),
    ),
    links: [...config.links],
    ...controllersTraffic(parts),
    gateways: { tls: config.gateway.tls, names: config.gateway.names.map((name) => ({ ...name })) },
  };
}

type Placed = ControllerSettings["regions"][number]["instances"][number];

function placed({ database, number, address }: Placed): Placed {
  return { database, number, address };
}

/** A global database is one database system; a local one is a system of its own in each Region. */
function systemsOf(database: DatabaseConfig): ControllerSettings["systems"] {
  const { id, placement, regions, roles, owner } = database;
  const rights = roles.map(({ name, login, superuser, replication, memberOf }) => ({
    name,
    login,
    superuser,
    replication,
    memberOf: [...memberOf],
  }));
  const common = { database: id, owner, roles: rights };
  if (placement.kind === "global") {
    const { primary, failover, rejoin, rpoGuardMs, failoverPauseMs } = placement;
    const policy = { failover, rejoin, rpoGuardMs, failoverPauseMs };
    const firstPrimary = primary;
    return [{ ...common, ...policy, kind: "global", firstPrimary, regions: [...regions] }];
  }
  return regions.map((member) => ({
    ...common,
    ...independent,
    kind: "local",
    firstPrimary: member.region,
    regions: [member],
  }));
}

/** A database that has no other Region to go to. */
const independent = {
  failover: "manual",
  rejoin: "manual",
  rpoGuardMs: 0,
  failoverPauseMs: 0,
} as const;

export function settingsOfAgent(parts: WorldParts, region: RegionId): AgentSettings {
  const { config, plan, layout, secrets } = parts;
  const here = regionPlan(plan, region);
  const { agent, rest, allowFrom, controllerSeenHere, instances, seen } = here;
  return {
    logLevel: parts.logLevel,
    region,
    token: agentToken(secrets, region),
    controller: controllerSeenHere,
    listen: agent,
    rest,
    peers: seen.map((other) => ({
      region: other.region,
      address: other.agent,
      token: peerToken(secrets, region, other.region),
      accepts: peerToken(secrets, other.region, region),
    })),
    statePath: `${layout.agent(region)}/state.json`,
    leaseBoardPath: `${layout.agent(region)}/leases`,
    guard: {
      command: [...parts.self, "internal", "guard"],
      settingsPath: `${layout.agent(region)}/guard.json`,
    },
    gateway: agentsGateway(parts, region),
    front: agentsFront(parts, region),
    trafficPath: `${layout.agent(region)}/traffic.json`,
    services: settingsOfServices(parts, region),
    packages: parts.packages,
    servicesDirectory: layout.services(region),
    pooler: settingsOfPooler(parts, region),
    names: {
      zone: config.traffic.zone,
      dns: here.dns,
      gateways: gatewaysOf(here),
      watched: watchedIn(config, instances),
    },
    regionDirectory: layout.region(region),
    instances: instances.map(({ database, number }) => {
      const { superuser, replicator } = databasePasswords(secrets, database);
      return {
        database,
        number,
        address: instanceAddress(plan, region, { database, region, number }),
        directory: layout.instance(region, database, number),
        settings: [...(config.databases.find(({ id }) => id === database)?.settings ?? [])],
        passwords: { superuser, replicator },
      };
    }),
    allowFrom: [...allowFrom],
    postgres: {
      bin: parts.pgBin ?? config.postgres.bin,
      maxSlotWalKeepMb: config.postgres.maxSlotWalKeepMb,
    },
  };
}

/** Those that health, or a distribution's origin, depends on. */
function watchedIn(
  { traffic }: Config,
  instances: readonly { readonly database: DatabaseId }[],
): DatabaseId[] {
  const wanted = new Set([traffic.healthDatabase, traffic.distribution?.database]);
  const here = new Set(instances.map(({ database }) => database));
  return [...here].filter((database) => wanted.has(database));
}

export function settingsOfNetwork({
  config,
  plan,
  secrets,
  logLevel,
}: WorldParts): NetworkSettings {
  return {
    logLevel,
    token: secrets.networkToken,
    controller: plan.control,
    routes: [...plan.routes],
    directions: config.links.flatMap(linkDirections),
  };
}
