/**
 * How the traffic state travels: the controller tells each agent and the front door outside, and an agent tells the
 * front door of its Region. Each asks over and over and is answered as soon as something is different for it; with
 * each question goes what there is to tell.
 */
import { z } from "zod";
import { replicaStates, type ServiceId } from "../model/service.ts";
import type { Address } from "../model/address.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ReplicaTarget, TrafficState } from "../model/traffic.ts";
import { branded, maybe } from "./codec.ts";

const database = branded<DatabaseId>();
const region = branded<RegionId>();
const service = branded<ServiceId>();
const count = z.number().int().min(0);
/** As much of a reason as a fact may have; a fact with more is not sent. Who tells cuts it. */
export const becauseCharsMax = 1_000;
const because = z.string().max(becauseCharsMax);
const address: z.ZodType<Address> = z.object({ host: z.string(), port: z.number().int() });

export const trafficState: z.ZodType<TrafficState> = z.object({
  revision: count,
  names: z.array(
    z.object({ database, version: count, writer: maybe(region), readers: z.array(region) }),
  ),
  regions: z.array(z.object({ region, isOn: z.boolean(), dial: count, weight: count })),
  services: z.array(z.object({ service, region, isHealthy: z.boolean(), isOn: z.boolean() })),
  distribution: maybe(z.object({ origin: region, tag: z.string(), invalidations: count })),
}) as unknown as z.ZodType<TrafficState>;

export const replicaTarget: z.ZodType<ReplicaTarget> = z.object({
  service,
  region,
  replicas: count,
});

/** What one front door sees and has done; counts are since its start. */
export const frontFacts = z.object({
  /** The newest traffic state that it follows; 0: none yet. */
  revision: count,
  /** Of the entry: each Region as it looks from there. Empty in a Region's own front door. */
  endpoints: z.array(
    z.object({
      region,
      isHealthy: z.boolean(),
      because,
      /** Requests and streams under way. */
      open: count,
      /** Connections of clients, and streams, that stay where they are although new ones go elsewhere. */
      pinned: count,
      served: count,
      failed: count,
      /** Sent here after another Region had failed. */
      rescued: count,
    }),
  ),
  /** Of a Region's front door: its services. Empty outside. */
  services: z.array(
    z.object({
      service,
      ready: count,
      isHealthy: z.boolean(),
      because,
      open: count,
      served: count,
      failed: count,
    }),
  ),
  dns: z.object({ answered: count, refused: count, malformed: count }),
});

/** A replica as its Region's agent sees it. */
export const replicaFacts = z.object({
  service,
  number: z.number().int().min(1),
  state: z.enum(replicaStates),
  because,
  pid: maybe(z.number().int()),
  restarts: count,
  /** Of the present process, in ms. */
  ageMs: z.number().min(0),
  /** Thousandths of a core that its processes used since the last look; undefined before the second one. */
  cpuMillis: maybe(z.number().min(0)),
});

/** The PgBouncer of a Region. */
export const poolerFacts = z.object({
  isRunning: z.boolean(),
  /** What its file says is what is true. */
  isInStep: z.boolean(),
  because,
  /** As in its `[databases]`. */
  databases: z.array(
    z.object({ name: z.string(), host: z.string(), port: z.number().int(), dbname: z.string() }),
  ),
  moves: count,
});

/** Whether a database's names in this Region lead to where they should: resolved, and connected to. */
export const nameCheck = z.object({ database, version: count, isVerified: z.boolean(), because });

/** Whether a write that comes to a Region reaches the writer of a database. */
export const writePath = z.object({ database, canWrite: z.boolean(), because });

/** What an agent tells of everything that has to do with traffic in its Region. */
export const regionFacts = z.object({
  front: maybe(frontFacts),
  replicas: z.array(replicaFacts),
  pooler: maybe(poolerFacts),
  names: z.array(nameCheck),
  /** Of the databases that are watched: whether writes from here arrive. */
  writes: z.array(writePath),
});

/** An agent's question to the controller. */
export const trafficQuestion = z.object({
  kind: z.literal("traffic"),
  /** `version` of the last answer; 0 at the agent's start. */
  after: count,
  /** How long it may wait for news; 0: it has some itself. */
  holdMs: z.number().min(0).max(10_000),
  facts: regionFacts,
});

export const trafficAnswer = z.object({
  /** Another answer has another one. */
  version: count,
  state: trafficState,
  /** Of this Region. */
  targets: z.array(replicaTarget),
});

/** A front door's question: to its Region's agent, or, outside, to the controller. */
export const frontQuestion = z.object({
  kind: z.literal("front"),
  pid: z.number().int(),
  /** `version` of the last answer; 0 at its start. */
  after: count,
  facts: frontFacts,
  /** Of a Region's front door: replicas that it may send requests, or that it still waits for. Empty outside. */
  inUse: z.array(z.object({ service, number: z.number().int().min(1) })),
});

export const frontAnswer = z.object({
  /** Another answer has another one. */
  version: count,
  /** Undefined while nobody has said it. */
  state: maybe(trafficState),
  /** Of a Region: processes that may be sent requests once their check says so. */
  replicas: z.array(z.object({ service, number: z.number().int().min(1), address })),
  /** Of a Region: whether a write that comes here reaches the writer, by database. */
  databases: z.array(writePath),
  /** The Region stops: let what is under way finish, and end. */
  isLeaving: z.boolean(),
  /** The process without which this front door has no reason to go on. */
  hostPid: z.number().int(),
});

/** 1 s: how long a question is held when nothing changes; so often facts are told. */
export const trafficHoldMs = 1_000;

export type FrontFacts = z.output<typeof frontFacts>;
export type ReplicaFacts = z.output<typeof replicaFacts>;
export type PoolerFacts = z.output<typeof poolerFacts>;
export type WritePath = z.output<typeof writePath>;
export type NameCheck = z.output<typeof nameCheck>;
export type RegionFacts = z.output<typeof regionFacts>;
export type TrafficAnswer = z.output<typeof trafficAnswer>;
export type FrontQuestion = z.output<typeof frontQuestion>;
export type FrontAnswer = z.output<typeof frontAnswer>;
