/**
 * What a Region's gateway and its agent say to each other. The gateway asks over and over: `watch` is answered as soon
 * as something is different for it, and `hold-outcome` tells what became of a hold.
 */
import { z } from "zod";
import type { Address } from "../model/address.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { branded, counter, maybe } from "./codec.ts";
import { fork } from "./fork.ts";

const database = branded<DatabaseId>();
const region = branded<RegionId>();
const address: z.ZodType<Address> = z.object({ host: z.string(), port: z.number().int() });

/** One PostgreSQL of this Region. */
const localInstance = z.object({
  number: z.number().int().min(1),
  address,
  /** It answers reads: a standby that replays, or a writer. */
  isServing: z.boolean(),
});

/** Asked for by an operation; it ends by itself. */
const hold = z.object({
  id: z.string(),
  /** On the monotonic clock that all programs of the machine share. Writes pass again then, whatever has become of it. */
  untilMs: z.number(),
  /** Transactions that are open have until then to end; when one has not, the outcome is that nothing is held. */
  drainUntilMs: z.number(),
  /** What becomes of sessions that are bound to their server: the hold is refused for them, or they end. */
  pins: z.enum(["refuse", "end"]),
});

const route = z.object({
  database,
  systemId: maybe(branded<SystemId>()),
  epoch: counter<Epoch>(),
  /** Whose Region accepts writes in this epoch. */
  writer: region,
  /** The writer of this epoch accepts writes, as far as is known here: not while it is promoted, or starts. */
  acceptsWrites: z.boolean(),
  /** Of a writer that is here: what it acknowledges counts until then, on the machine's monotonic clock. 0: nothing does. */
  leaseUntilMs: z.number(),
  /** Of the first instance here, while it is known. */
  timeline: maybe(z.number().int()),
  instances: z.array(localInstance),
  /** Where the system's timelines left each other, oldest first. */
  forks: z.array(fork),
  hold: maybe(hold),
});

/** Counts since the gateway's start, by database; summed up for status and metrics. */
export const gatewayCounters = z.object({
  sessions: z.number(),
  pinnedSessions: z.number(),
  heldUnits: z.number(),
  serverConnections: z.number(),
  localReads: z.number(),
  writerReads: z.number(),
  writes: z.number(),
  commits: z.number(),
  errors: z.number(),
  replays: z.number(),
  /** Sums, in ms, of what the counts above took from the client's side; a mean is left to whoever reads them. */
  writeMs: z.number(),
  readWaits: z.number(),
  readWaitMs: z.number(),
  rejectedSessions: z.number(),
  holds: z.number(),
  holdMs: z.number(),
});

export const gatewayQuestion = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("watch"),
    pid: z.number().int(),
    /** Of the last answer; 0 at the gateway's start. */
    after: z.number().int().min(0),
    counters: z.array(gatewayCounters.extend({ database })),
  }),
  z.object({
    kind: z.literal("hold-outcome"),
    database,
    id: z.string(),
    isHeld: z.boolean(),
    because: z.string(),
  }),
]);

export const watchAnswer = z.object({
  /** Grows with each change; another agent's is unrelated, and smaller or larger. */
  version: z.number().int().min(1),
  routes: z.array(route),
  /** The Region stops: finish what is under way, and end. */
  isLeaving: z.boolean(),
  /** The first process of the Region: when it is gone, nothing of the Region may go on, and the gateway ends. */
  hostPid: z.number().int(),
});

/** The Region's gateway as its agent sees it: `serving` was heard a moment ago. */
export const gatewayFacts = z.object({
  state: z.enum(["serving", "starting", "down"]),
  databases: z.array(gatewayCounters.extend({ database })),
});

export type LocalInstance = z.output<typeof localInstance>;
export type Hold = z.output<typeof hold>;
export type Route = z.output<typeof route>;
export type GatewayCounters = z.output<typeof gatewayCounters>;
export type GatewayQuestion = z.output<typeof gatewayQuestion>;
export type GatewayFacts = z.output<typeof gatewayFacts>;
export type WatchAnswer = z.output<typeof watchAnswer>;
