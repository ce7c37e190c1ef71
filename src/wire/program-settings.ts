/**
 * What the supervisor tells each program at its start, in a file that only that program reads: where it
 * listens, what it takes care of, and its credential. The programs share no other file.
 */
import { z } from "zod";
import type { Address } from "../model/address.ts";
import {
  consistencies,
  nameModes,
  type GatewayLimits,
  type GatewayName,
} from "../model/gateway.ts";
import type { LinkDirection, LinkEnd, LinkRoute } from "../model/link.ts";
import type { LinkSettings } from "../model/link-settings.ts";
import { predefinedRoles } from "../model/predefined-role.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import {
  serviceKinds,
  serviceProtocols,
  type HealthCheck,
  type Scaling,
  type ServiceId,
} from "../model/service.ts";
import { routingPolicies, type ControlId, type PanelId, type RuleId } from "../model/traffic.ts";
import { branded, maybe, secret } from "./codec.ts";

const address: z.ZodType<Address> = z.object({ host: z.string(), port: z.number().int() });
const region = branded<RegionId>();
const database = branded<DatabaseId>();
const number = z.number().int().min(1);
const end = branded<LinkEnd>();

const service = branded<ServiceId>();

/** How much the programs write into their logs. */
const logLevel = z.enum(["debug", "info", "warn", "error"]);

const placedInstance = z.object({ database, number, address });

const terms = z.object({
  rttMs: z.number(),
  jitterMs: z.number(),
  bandwidth: z.union([z.literal("unlimited"), z.number()]),
  isUp: z.boolean(),
});

export const linkSettingsCodec = z.object({
  ends: z.tuple([end, end]),
  both: terms,
  forward: terms.partial(),
  backward: terms.partial(),
}) as unknown as z.ZodType<LinkSettings>;

const gatewayName: z.ZodType<GatewayName> = z.object({
  name: z.string(),
  database,
  mode: z.enum(nameModes),
});

const healthCheck: z.ZodType<HealthCheck> = z.object({
  path: maybe(z.string()),
  intervalMs: z.number(),
  timeoutMs: z.number(),
  healthyThreshold: z.number(),
  unhealthyThreshold: z.number(),
}) as unknown as z.ZodType<HealthCheck>;

const scaling: z.ZodType<Scaling> = z.object({
  min: z.number(),
  max: z.number(),
  cpuPercent: maybe(z.number()),
  cpuRequestMillis: z.number(),
  tolerance: z.number(),
  scaleDownStabilizationMs: z.number(),
}) as unknown as z.ZodType<Scaling>;

const condition = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("atleast"), threshold: z.number() }),
  z.object({ kind: z.literal("and") }),
  z.object({ kind: z.literal("or") }),
]);

const panel = z.object({
  id: branded<PanelId>(),
  controls: z.array(
    z.object({ id: branded<ControlId>(), region, service: maybe(service), isOn: z.boolean() }),
  ),
  rules: z.array(
    z.object({
      id: branded<RuleId>(),
      controls: z.array(branded<ControlId>()),
      condition,
      isInverted: z.boolean(),
      waitMs: z.number(),
      lagMsMax: maybe(z.number()),
      fenceProved: z.boolean(),
    }),
  ),
});

const manualOrAutomatic = z.enum(["manual", "automatic"]);

export const controllerSettings = z.object({
  logLevel,
  world: z.object({ name: z.string(), number: z.number().int(), startedWallMs: z.number() }),
  version: z.string(),
  storePath: z.string(),
  archivePath: z.string(),
  eventsKeepDays: z.number(),
  /** 0: until a person removes it. */
  evidenceKeepDays: z.number(),
  leaseTtlMs: z.number(),
  /** On top of a lease that has run out: drift of the clocks, and the time until the last backend is gone. */
  leaseMarginMs: z.number(),
  api: address,
  /** Values of the Host header that the API answers to. */
  apiHosts: z.array(z.string()),
  apiToken: secret,
  control: address,
  networkToken: secret,
  regions: z.array(
    z.object({
      region,
      token: secret,
      /** The network that the Region lives in, for people. */
      network: z.string(),
      agent: address,
      gateway: address,
      instances: z.array(placedInstance),
      /** Other Regions' instances as programs in this one reach them, through the links. */
      seen: z.array(z.object({ region, agent: address, instances: z.array(placedInstance) })),
    }),
  ),
  systems: z.array(
    z.object({
      database,
      kind: z.enum(["global", "local"]),
      /** In a local system: the only Region. */
      firstPrimary: region,
      regions: z.array(z.object({ region, instances: z.number().int().min(1) })),
      owner: maybe(z.string()),
      failover: manualOrAutomatic,
      rejoin: manualOrAutomatic,
      rpoGuardMs: z.number(),
      failoverPauseMs: z.number(),
      roles: z.array(
        z.object({
          name: z.string(),
          login: z.boolean(),
          superuser: z.boolean(),
          replication: z.boolean(),
          memberOf: z.array(z.enum(predefinedRoles)),
        }),
      ),
    }),
  ),
  passwords: z.array(z.object({ database, role: z.string(), password: secret })),
  links: z.array(linkSettingsCodec),
  /** Who the front door outside is. */
  frontToken: secret,
  traffic: z.object({
    zone: z.string(),
    /** For people; undefined: nobody listens there. */
    entry: maybe(address),
    distributionAt: maybe(address),
    dns: maybe(address),
    regions: z.array(
      z.object({
        region,
        dial: z.number(),
        weight: z.number(),
        edge: maybe(address),
        dns: maybe(address),
      }),
    ),
    panels: z.array(panel),
    distribution: maybe(z.object({ origin: region, database: maybe(database) })),
    services: z.array(z.object({ service, regions: z.array(region), scaling })),
  }),
  /** What clients may say to the gateways, for people. */
  gateways: z.object({ tls: z.enum(["off", "offered", "required"]), names: z.array(gatewayName) }),
});

/** One service of a Region, for the agent that runs it. */
const serviceSettings = z.object({
  service,
  kind: z.enum(serviceKinds),
  command: z.array(z.string()),
  /** Where a command is run. */
  workingDirectory: z.string(),
  /** Of Leeward's own kinds, and for logs, password files and the like. Made by whoever needs it. */
  directory: z.string(),
  address,
  /** As many as there may ever be. */
  replicas: z.array(address),
  health: healthCheck,
  scaling,
  /** Other services of this Region that have to be ready first. */
  needs: z.array(service),
  /** Databases that have to be readable in this Region first. */
  needsDatabases: z.array(database),
  /** Filled in but for `${replica}`, `${host}` and `${port}`. */
  environment: z.array(z.object({ name: z.string(), value: secret })),
  /** Lines of a PGPASSFILE; empty: it needs none. */
  pgpass: z.array(secret),
  startMs: z.number(),
  stopMs: z.number(),
});

const poolerSettings = z.object({
  address,
  bin: maybe(z.string()),
  directory: z.string(),
  names: z.array(z.object({ name: z.string(), database, mode: z.enum(["writer", "local"]) })),
  /** This Region's gateway, and those of the others as they are reached from here. */
  gateways: z.array(z.object({ region, address })),
  users: z.array(z.object({ name: z.string(), password: secret })),
  /** Of Leeward's own user on its console. */
  adminPassword: secret,
  clientsMax: z.number(),
  poolSize: z.number(),
  pauseMs: z.number(),
});

export const agentSettings = z.object({
  logLevel,
  region,
  token: secret,
  controller: address,
  /** Where it answers the agents of the other Regions. */
  listen: address,
  /** Where it tells load balancers whether the writer is here. */
  rest: address,
  peers: z.array(
    z.object({
      region,
      /** As this Region reaches it, through the link. */
      address,
      /** What we present to it. */
      token: secret,
      /** What it presents to us. */
      accepts: secret,
    }),
  ),
  statePath: z.string(),
  /** In the Region's own directory: deadlines of the leases, for the guard. */
  leaseBoardPath: z.string(),
  guard: z.object({
    /** Starts it, with the path of its settings as one more word. */
    command: z.array(z.string()),
    settingsPath: z.string(),
  }),
  gateway: z.object({
    /** Starts it, with the path of its settings as one more word. */
    command: z.array(z.string()),
    /** Written at the start of the world; see `gatewaySettings`. */
    settingsPath: z.string(),
    /** Where the agent answers its gateway, in the Region itself. */
    listen: address,
    /** What its gateway presents. */
    token: secret,
  }),
  /** Undefined: nobody wants one. */
  front: maybe(
    z.object({
      /** Starts it, with the path of its settings as one more word. */
      command: z.array(z.string()),
      settingsPath: z.string(),
      /** Where the agent answers its front door, in the Region itself. */
      listen: address,
      token: secret,
    }),
  ),
  /** What the controller said last about traffic. */
  trafficPath: z.string(),
  services: z.array(serviceSettings),
  /** Where programs of the machine are found, and packages kept. */
  packages: z.object({ cacheDirectory: z.string(), searchPath: z.string() }),
  /** Below it lie the services' directories, and what is known of their processes. */
  servicesDirectory: z.string(),
  pooler: maybe(poolerSettings),
  /** Where names are answered in this Region, to be verified after a move. */
  names: z.object({
    zone: z.string(),
    /** Undefined: nobody answers. */
    dns: maybe(address),
    /** This Region's gateway, and those of the others as they are reached from here. */
    gateways: z.array(z.object({ region, address })),
    /** Of these it is looked once a second whether writes from here arrive. */
    watched: z.array(database),
  }),
  /** Below it lie the instances' directories. */
  regionDirectory: z.string(),
  instances: z.array(
    z.object({
      database,
      number,
      address,
      directory: z.string(),
      settings: z.array(z.object({ name: z.string(), value: z.string() })),
      /** Of this instance and its upstreams: the same on every member of a database system. */
      passwords: z.object({ superuser: secret, replicator: secret }),
    }),
  ),
  /** Networks (CIDR) from which PostgreSQL accepts connections, with a password. */
  allowFrom: z.array(z.string()),
  postgres: z.object({ bin: maybe(z.string()), maxSlotWalKeepMb: z.number() }),
});

const limit = z.number().int().min(0);

const gatewayLimits: z.ZodType<GatewayLimits> = z.object({
  clientsMax: limit,
  poolSize: limit,
  serverConnectionsMax: limit,
  heldUnitsMax: limit,
  heldBytesMax: limit,
  holdMs: limit,
  drainMs: limit,
  consistencyTimeoutMs: limit,
  idleInTransactionMs: limit,
  slowClientMs: limit,
  cancelMs: limit,
  loginMs: limit,
  preparedStatementsMax: limit,
  preparedPerServerMax: limit,
  preparedPerClientMax: limit,
  unitBytesMax: limit,
  frameBytesMax: limit,
  requestBytesMax: limit,
});

const consistency = z.enum(consistencies);

export const gatewaySettings = z.object({
  logLevel,
  region,
  /** Where clients of this Region, and gateways of the others through their links, find it. */
  listen: address,
  /** Its agent, and what it presents to it. */
  agent: z.object({ address, token: secret }),
  /** The gateways of the other Regions as this one reaches them, through the links. */
  peers: z.array(z.object({ region, address })),
  /** The superuser of every database system, who may use the console with the password of the world's first database. */
  adminUser: z.string(),
  adminPassword: secret,
  /** Those that have an instance in this Region, in the order of the config. */
  databases: z.array(
    z.object({
      database,
      kind: z.enum(["global", "local"]),
      /** Of sessions whose role and connection string say nothing else. */
      consistency,
      superuserPassword: secret,
      /** Only roles that say something of their own. */
      roles: z.array(z.object({ name: z.string(), consistency })),
    }),
  ),
  /** Of the databases above: what a connection string may name. */
  names: z.array(gatewayName),
  limits: gatewayLimits,
  /** Commits are looked for whose answer was lost. */
  commitCertainty: z.boolean(),
  /** PEM. Undefined: TLS is refused. */
  tls: maybe(
    z.object({
      /** A session without it is refused. */
      isRequired: z.boolean(),
      certificate: z.string(),
      privateKey: secret,
    }),
  ),
});

/** A front door: of a Region, or the one outside. */
export const frontSettings = z.object({
  logLevel,
  /** Undefined: outside. */
  region: maybe(region),
  /** Its agent, or, outside, the controller; and what it presents. */
  source: z.object({ address, token: secret }),
  /**
   * From where the front door outside connects. A Region's believes what comes from there about clients. Undefined
   * where everybody has the same address: then nobody is believed.
   */
  outside: maybe(z.string()),
  zone: z.string(),
  dns: address,
  /** The Region's own entry, or the global one. Undefined: there is no entry. */
  entry: maybe(
    z.object({
      address,
      service,
      policy: z.enum(routingPolicies),
      nearHeader: maybe(z.string()),
      trustForwarded: z.boolean(),
      panicPercent: z.number(),
    }),
  ),
  /** Outside only. */
  distribution: maybe(z.object({ address, failover: z.boolean(), keepMs: z.number() })),
  /** How a Region is looked at from outside. */
  health: healthCheck,
  healthDatabase: maybe(database),
  /** All of them in the order of the config, as they are reached from here; `nearest` first is in `order`. */
  regions: z.array(
    z.object({
      region,
      index: z.number().int(),
      /** Sources in here are near to this Region. */
      network: z.string(),
      /** Undefined: there is no entry. */
      edge: maybe(address),
      gateway: address,
      /** The Regions by distance from this one, itself first. */
      order: z.array(region),
    }),
  ),
  /** Every database with the Regions that have an instance of it. */
  databases: z.array(
    z.object({ database, kind: z.enum(["global", "local"]), regions: z.array(region) }),
  ),
  /** Of a Region: those that it stands in front of. Outside, and of Leeward's own kinds: only named. */
  services: z.array(
    z.object({
      service,
      protocol: z.enum(serviceProtocols),
      /** Where it listens for the service; undefined: it does not, and the service is at the address itself. */
      listen: maybe(address),
      port: z.number(),
      health: healthCheck,
      replicas: z.array(address),
    }),
  ),
});

const route = z.object({
  from: end,
  to: end,
  flowClass: z.enum(["control", "data"]),
  listen: address,
  target: address,
  sourceHost: maybe(z.string()),
}) as z.ZodType<LinkRoute>;

const direction: z.ZodType<LinkDirection> = z.object({
  from: end,
  to: end,
  conditions: z.object({
    delayMs: z.number(),
    jitterMs: z.number(),
    bandwidthBitsPerSecond: maybe(z.number()),
    isUp: z.boolean(),
  }),
});

export const networkSettings = z.object({
  logLevel,
  token: secret,
  controller: address,
  routes: z.array(route),
  /** In force until the controller says otherwise. */
  directions: z.array(direction),
});

export type ControllerSettings = z.output<typeof controllerSettings>;
export type AgentSettings = z.output<typeof agentSettings>;
export type GatewaySettings = z.output<typeof gatewaySettings>;
export type FrontSettings = z.output<typeof frontSettings>;
export type ServiceSettings = z.output<typeof serviceSettings>;
export type PoolerSettings = z.output<typeof poolerSettings>;
export type NetworkSettings = z.output<typeof networkSettings>;
export type LogLevel = z.output<typeof logLevel>;
