/**
 * The HTTP contract: shapes of requests and answers, as `--json` of the CLI prints them too. Stable: fields
 * are added, never renamed. Absence is null, because JSON has no undefined.
 */
import { z } from "zod";
import { nameModes } from "../model/gateway.ts";
import { estimatedLoss, operation, type OperationsWorld } from "./operations-api.ts";
import { address, amount, orNull, text } from "./schema-words.ts";
import type { TrafficWorld } from "./traffic-api.ts";

export const regionState = z
  .enum([
    "starting",
    "serving",
    "degraded",
    "fenced",
    "isolated",
    "unreachable",
    "stopped",
    "killed",
  ])
  .meta({
    id: "RegionState",
    description:
      "`serving`: every instance serves. `degraded`: some do not. `fenced`: refuses writes, because it cannot prove its right to them. `isolated`: its links are cut by a person. `unreachable`: it does not report. `stopped` and `killed`: by a person.",
  });

export const instance = z
  .object({
    number: z.number().int(),
    address: z.string(),
    port: z.number().int(),
    role: z.enum(["primary", "secondary"]),
    state: z
      .enum([
        "absent",
        "creating",
        "cloning",
        "stopped",
        "starting",
        "serving",
        "catching-up",
        "fenced",
        "promoting",
        "diverged",
        "failed",
        "unknown",
      ])
      .meta({
        description:
          "`diverged`: its data left the history that the others share, and are kept. `unknown`: its agent does not report.",
      }),
    because: orNull(text("Why it is in this state, where there is something to say.")),
    systemId: orNull(text("PostgreSQL's system identifier.")),
    timeline: orNull(z.number().int()),
    flushedLsn: orNull(text("Position in the WAL, as PostgreSQL writes it.")),
    replayedLsn: orNull(z.string()),
    diskFreeBytes: orNull(amount("Free on the disk of its data, in bytes.")),
    progress: orNull(
      z.object({
        receivedBytes: z.number(),
        totalBytes: orNull(z.number()),
        bytesPerSecond: z.number(),
        leftMs: orNull(amount("Time left at the present rate, in ms.")),
      }),
    ).meta({ description: "Of a clone that is under way." }),
  })
  .meta({ id: "Instance" });

export const member = z
  .object({
    role: z.enum(["primary", "secondary"]),
    state: text("The state of its first instance."),
    lagBytes: orNull(amount("WAL that it has not replayed, in bytes; null where it is not known.")),
    lagMs: orNull(amount("Age of the oldest commit that it has not replayed, in ms; 0: none.")),
    rpoLagMs: orNull(amount("Age of the oldest commit that it has not on disk, in ms; 0: none.")),
    lagAgeMs: orNull(amount("How old these readings are, in ms.")),
    instances: z.array(instance),
  })
  .meta({ id: "Member" });

const lease = z
  .object({
    state: z.enum(["held", "fencing", "over"]).meta({
      description: "`fencing`: it is not renewed any more. `over`: surely nobody holds it.",
    }),
    leftMs: amount("How long anybody may hold it yet, at the most, in ms."),
    from: orNull(z.enum(["controller", "promises"])).meta({
      description:
        "Who gave it: the controller, or, while it is away, all Regions that could be promoted.",
    }),
  })
  .meta({ id: "Lease", description: "The primary Region's right to accept writes." });

const fence = z
  .object({
    state: z.enum(["none", "fencing", "lease-over", "fenced"]).meta({
      description:
        "`fencing`: its lease is being left to run out. `lease-over`: it could write only while every candidate promises it. `fenced`: its agent says so.",
    }),
    because: orNull(z.string()),
  })
  .meta({ id: "Fence", description: "What keeps the primary Region from writing." });

const rpoGuard = z
  .object({
    state: z.enum(["off", "watching", "holding", "suspended", "unknown"]).meta({
      description:
        "`holding`: commits wait for a secondary. `suspended`: it would stop every write, because no secondary streams.",
    }),
    limitMs: amount("Above this RPO lag commits wait, in ms; 0: never."),
    because: orNull(z.string()),
  })
  .meta({ id: "RpoGuard" });

const evidenceSlots = z
  .object({
    slots: z.number().int(),
    retainedBytes: amount("WAL that they keep, in bytes."),
    isIntact: z.boolean().meta({
      description: "False: WAL that they need was removed; lost commits could only be counted.",
    }),
    isPinned: z
      .boolean()
      .meta({ description: "A transaction is open for so long that they stay." }),
  })
  .meta({ id: "EvidenceSlots", description: "What makes the rows of a lost commit readable." });

export const database = z
  .object({
    kind: z.enum(["global", "local"]),
    epoch: orNull(amount("Counts promotions; null for a local database.")),
    primary: orNull(text("The primary Region; null for a local database.")),
    writer: orNull(
      z.object({
        region: z.string(),
        address: z.string(),
        port: z.number().int(),
        state: z.string(),
        since: text("When this Region became the primary (RFC 3339)."),
      }),
    ),
    members: z.record(z.string(), member),
    lease: orNull(lease),
    fence: orNull(fence),
    estimatedLoss: z.record(z.string(), orNull(estimatedLoss)).meta({
      description: "What a failover to each secondary Region would lose now; null: not known.",
    }),
    candidates: z.array(z.string()).meta({
      description: "The Regions that a failover may promote.",
    }),
    failover: z.enum(["manual", "automatic"]).meta({ description: "Who decides on a failover." }),
    rejoin: z.enum(["manual", "automatic"]).meta({
      description: "Whether a former primary whose history the others left is rebuilt by itself.",
    }),
    operation: orNull(operation).meta({ description: "The one that is under way." }),
    detachedFrom: orNull(text("The database that its only Region was a part of.")),
    rpoGuard: orNull(rpoGuard),
    evidenceSlots: orNull(evidenceSlots),
  })
  .meta({ id: "Database" });

const gatewayName = z
  .object({
    database: z.string(),
    mode: z.enum(nameModes).meta({
      description:
        "`forward`: reads in this Region, writes at the writer. `local`: reads in this Region, writes are refused. `writer`: everything at the writer.",
    }),
    user: text("The database's owner: who may do everything in it, and nothing outside."),
  })
  .meta({ id: "GatewayName" });

export const gateway = z
  .object({
    address: z.string(),
    port: z.number().int(),
    state: z.enum(["serving", "starting", "down"]).meta({
      description:
        "`serving`: it takes clients. `starting`: it does not know yet who writes. `down`: it does not run, or its Region's agent does not report.",
    }),
    tls: z.enum(["off", "offered", "required"]),
    names: z.record(z.string(), gatewayName).meta({
      description: "What a client may name as its database.",
    }),
  })
  .meta({ id: "Gateway", description: "Where this Region's clients find every database." });

export const region = z
  .object({
    state: regionState,
    because: orNull(z.string()),
    address: text("The network in which this Region lives."),
    agent: address,
    gateway,
    isIsolated: z.boolean(),
    reportAgeMs: orNull(amount("How long ago its agent reported, in ms.")),
  })
  .meta({ id: "Region" });

const direction = z.object({
  from: z.string(),
  to: z.string(),
  delayMs: amount("What this direction adds, in ms."),
  jitterMs: z.number(),
  bandwidth: text("`unlimited` or, for example, `10mbit`."),
  isUp: z.boolean(),
  openFlows: z.number().int(),
  deliveredBytes: z.number(),
  queuedBytes: z.number(),
});

export const link = z
  .object({
    between: z.tuple([z.string(), z.string()]),
    rttMs: amount("Sum of the delays of both directions, in ms."),
    state: z.enum(["up", "down", "one-way"]),
    isIsolated: z.boolean().meta({ description: "Down because one of its Regions is isolated." }),
    directions: z.tuple([direction, direction]),
  })
  .meta({ id: "Link" });

const serviceState = z
  .object({
    ready: amount("Replicas that answer their check."),
    wanted: amount("Replicas that there are to be."),
    isFailing: z.boolean().meta({
      description: "None is ready, and they end again and again, or never become ready.",
    }),
    because: orNull(text("What the first that is not ready says.")),
  })
  .meta({ id: "ServiceState", description: "A service in one Region." });

export const status = z
  .object({
    name: z.string(),
    world: z.number().int(),
    version: z.string(),
    startedAt: z.string(),
    isReady: z.boolean().meta({
      description:
        "In every Region that runs, every instance serves, and every service has a replica that is ready.",
    }),
    entry: orNull(text("The global entry, for a browser; null: the world has none.")),
    controller: z.object({ term: z.number().int(), api: z.string() }),
    regions: z.record(z.string(), region),
    databases: z.record(z.string(), database),
    services: z.record(z.string(), z.record(z.string(), serviceState)).meta({
      description: "By service, then by Region; a Region that does not run is left out.",
    }),
    links: z.array(link),
  })
  .meta({ id: "Status" });

export const event = z
  .object({
    id: z.number().int(),
    at: text("RFC 3339."),
    kind: z.string(),
    message: z.string(),
    region: orNull(z.string()),
    database: orNull(z.string()),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({
    id: "Event",
    examples: [
      {
        id: 41,
        at: "2026-01-02T03:04:05.678Z",
        kind: "region.killed",
        message: "us-east-1 was killed.",
        region: "us-east-1",
        database: null,
        details: { tookMs: 31 },
      },
    ],
  });

export const eventQuery = z.object({
  after: z.coerce.number().int().min(0).optional().meta({
    description: "Only events with a larger id. Left out: the newest.",
  }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  region: z.string().optional(),
  database: z.string().optional(),
});

export const eventPage = z
  .object({
    events: z.array(event),
    next: z.number().int().meta({ description: "The cursor (`after`) of the next page." }),
  })
  .meta({ id: "EventPage" });

export const regionParams = z.object({ region: z.string() });
export const regionAction = z.enum(["kill", "stop", "start", "isolate", "heal"]);
export const regionActionParams = z.object({ region: z.string(), action: regionAction });

export const regionActionResult = z
  .object({
    region: z.string(),
    action: regionAction,
    tookMs: amount("How long it took, in ms."),
  })
  .meta({
    id: "RegionActionResult",
    examples: [{ region: "us-east-1", action: "kill", tookMs: 31 }],
  });

export const linkParams = z.object({ a: z.string(), b: z.string() });

export const linkChange = z
  .strictObject({
    rttMs: z.number().min(0).max(60_000).optional(),
    jitterMs: z.number().min(0).max(60_000).optional(),
    bandwidth: z
      .string()
      .optional()
      .meta({ description: "`unlimited` or, for example, `10mbit`." }),
    up: z.boolean().optional(),
    oneWay: z.boolean().optional().meta({
      description: "Change the direction from the first to the second only.",
    }),
    reset: z.boolean().optional().meta({
      description: "Break the connections that cross the link now, with RST.",
    }),
  })
  .meta({
    id: "LinkChange",
    examples: [
      { rttMs: 120, jitterMs: 10 },
      { up: false, oneWay: true },
    ],
  });

export const linkList = z.object({ links: z.array(link) });

export const problem = z
  .object({
    code: z.string(),
    message: z.string(),
    hint: z.string(),
  })
  .meta({
    id: "Problem",
    description: "What was tried, why it failed, and what to do next.",
    examples: [
      {
        code: "region.unknown",
        message: 'There is no Region "mars"',
        hint: "`leeward status` lists the Regions of this world.",
      },
    ],
  });

export type ApiStatus = z.output<typeof status>;
export type ApiRegion = z.output<typeof region>;
export type ApiServiceState = z.output<typeof serviceState>;
export type ApiGateway = z.output<typeof gateway>;
export type ApiRegionState = z.output<typeof regionState>;
export type ApiDatabase = z.output<typeof database>;
export type ApiMember = z.output<typeof member>;
export type ApiInstance = z.output<typeof instance>;
export type ApiLink = z.output<typeof link>;
export type ApiEvent = z.output<typeof event>;
export type ApiEventPage = z.output<typeof eventPage>;
export type ApiEventQuery = z.output<typeof eventQuery>;
export type ApiLinkChange = z.output<typeof linkChange>;
export type ApiRegionAction = z.output<typeof regionAction>;
export type ApiRegionActionResult = z.output<typeof regionActionResult>;
export type ApiProblem = z.output<typeof problem>;

/** What stands behind the API: the controller program provides it. Its Failures become answers by their table. */
export interface World extends OperationsWorld, TrafficWorld {
  status(): ApiStatus;
  events(query: ApiEventQuery, signal: AbortSignal): Promise<ApiEventPage>;
  /** Events as they are archived. */
  followEvents(signal: AbortSignal): AsyncIterable<ApiEvent>;
  /** Settles when it is done: killed means that every process is gone, started that its programs run. */
  actOnRegion(
    region: string,
    action: ApiRegionAction,
    signal: AbortSignal,
  ): Promise<ApiRegionActionResult>;
  links(): readonly ApiLink[];
  changeLink(a: string, b: string, change: ApiLinkChange, signal: AbortSignal): Promise<ApiLink>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
}
