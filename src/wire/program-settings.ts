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
import type { DatabaseId, RegionId } from "../model/region.ts";
import { branded, maybe, secret } from "./codec.ts";

const address: z.ZodType<Address> = z.object({ host: z.string(), port: z.number().int() });
const region = branded<RegionId>();
const database = branded<DatabaseId>();
const number = z.number().int().min(1);
const end = branded<LinkEnd>();

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
        }),
      ),
    }),
  ),
  passwords: z.array(z.object({ database, role: z.string(), password: secret })),
  links: z.array(linkSettingsCodec),
  /** What clients may say to the gateways, for people. */
  gateways: z.object({ tls: z.enum(["off", "offered", "required"]), names: z.array(gatewayName) }),
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
export type NetworkSettings = z.output<typeof networkSettings>;
export type LogLevel = z.output<typeof logLevel>;
