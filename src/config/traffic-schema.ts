/** The `traffic` and `pgbouncer` sections of `leeward.yaml`. */
import { z } from "zod";
import { routingPolicies } from "../model/traffic.ts";
import { checkFields } from "./services-schema.ts";

const label = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/)
  .meta({ patternErrorMessage: "lower-case letters, digits and hyphens, a letter first" });

const zone = z
  .string()
  .regex(/^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/)
  .meta({ patternErrorMessage: "a domain name in lower case without a dot at the end" });

const entry = z
  .strictObject({
    service: z.string().meta({ description: "The service that people reach." }),
    policy: z.enum(routingPolicies).default("nearest").meta({
      description:
        "`nearest`: the client's own Region, then the others as the links say. `failover`: in the order of `regions`. `weighted`: by weight.",
    }),
    nearHeader: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/)
      .optional()
      .meta({
        description:
          "A header of the request that names the client's Region. For tests: anybody can set it.",
        patternErrorMessage: "the name of a header",
      }),
    trustForwarded: z.boolean().default(false).meta({
      description:
        "`X-Forwarded-*` of clients is passed on. `false`: it is replaced, since anybody can set it.",
    }),
    panicPercent: z.int().min(0).max(100).default(50).meta({
      description:
        "When fewer replicas of a Region are ready than this, its front door sends to all of them: a check that fails everywhere at once is more likely wrong than right. 0: never.",
      unit: "percent",
    }),
  })
  .meta({ description: "The one address for everybody, and each Region's own." });

const health = z
  .strictObject({
    ...checkFields,
    database: z.string().optional().meta({
      description:
        "A Region from which no write reaches the writer of this database counts as unhealthy. Left out: reads are enough.",
    }),
  })
  .prefault({})
  .meta({ description: "How the global entry looks at each Region." });

const endpoint = z
  .strictObject({
    dial: z.int().min(0).max(100).default(100).meta({
      description: "How much of what would come to this Region may come.",
      unit: "percent",
    }),
    weight: z.int().min(0).max(255).default(128).meta({
      description: "Its share under the policy `weighted`.",
    }),
  })
  .meta({ description: "What of the traffic one Region takes at the start of the world." });

const control = z
  .strictObject({
    region: z.string().meta({ description: "The Region that it switches." }),
    service: z.string().optional().meta({
      description: "Only this service of it. Left out: the whole Region.",
    }),
    on: z.boolean().default(true).meta({ description: "Its state at the start of the world." }),
  })
  .meta({ description: "One routing control." });

const rule = z
  .strictObject({
    controls: z.array(label).min(1).optional().meta({
      description: "Which it is about. Left out: all of the panel.",
    }),
    type: z.enum(["atleast", "and", "or"]).default("atleast").meta({
      description:
        "What of its controls must be On after a change: at least `threshold`, all, or any.",
    }),
    threshold: z.int().min(1).max(100).default(1).meta({
      description: "`atleast` only.",
      unit: "controls",
    }),
    inverted: z.boolean().default(false).meta({ description: "It must not be so." }),
    waitMs: z.int().min(0).max(3_600_000).default(0).meta({
      description: "After a change of its controls no other for so long.",
      unit: "ms",
    }),
    lagMsMax: z.int().min(0).max(3_600_000).optional().meta({
      description:
        "A control goes On only where every copy of a global database is less behind than this.",
      unit: "ms",
    }),
    fenceProved: z.boolean().default(false).meta({
      description:
        "A control goes On only where no database's failover still waits for a proof that its old writer cannot write.",
    }),
  })
  .meta({ description: "A safety rule: what a change of controls may not lead to." });

const panel = z
  .strictObject({
    controls: z.record(label, control).meta({ description: "Its controls, by name." }),
    rules: z.record(label, rule).default({}).meta({ description: "Its safety rules, by name." }),
  })
  .meta({ description: "Controls that are switched under common rules." });

const distribution = z
  .strictObject({
    origin: z.string().optional().meta({
      description: "The Region that it takes from at the start. Left out: the first.",
    }),
    failover: z.boolean().default(true).meta({
      description:
        "GET, HEAD and OPTIONS go to the next Region when the origin fails. Others never do.",
    }),
    database: z.string().optional().meta({
      description: "The origin is moved only to a Region from which writes to it arrive.",
    }),
    keepMs: z.int().min(0).max(86_400_000).default(0).meta({
      description: "How long answers are kept that say nothing of their age. 0: not at all.",
      unit: "ms",
    }),
  })
  .meta({ description: "A second global entry, as a CDN is one: it has one origin at a time." });

export const traffic = z
  .strictObject({
    zone: zone.default("leeward.internal").meta({
      description: "The private DNS zone that every Region answers for.",
    }),
    entry: entry.optional(),
    health,
    regions: z.record(z.string(), endpoint).default({}).meta({
      description: "Dials and weights at the start; `leeward traffic` changes them.",
    }),
    panels: z.record(label, panel).optional().meta({
      description:
        "Routing controls. Left out: the panel `default` with one control for each Region, and the rule that at least one is On.",
    }),
    distribution: distribution.optional(),
  })
  .optional()
  .meta({
    description:
      "Private DNS, the global entry, routing controls. `{}` is private DNS alone. Left out, and without services, there are none of them.",
  });

const poolerName = z
  .strictObject({
    database: z.string().meta({ description: "The database that the name leads to." }),
    mode: z.enum(["writer", "local"]).default("writer").meta({
      description: "`writer`: follows the writer. `local`: reads in this Region.",
    }),
  })
  .meta({ description: "One line of `[databases]`." });

export const pgbouncer = z
  .strictObject({
    regions: z.array(z.string()).min(1).optional().meta({
      description: "Where one runs. Left out: in every Region.",
    }),
    bin: z.string().min(1).optional().meta({
      description: "The program. Left out: what is installed, else a package that Leeward keeps.",
    }),
    names: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/), poolerName)
      .default({})
      .meta({
        description: "Names beside `D` (writer) and `D-ro` (local) of each database.",
      }),
    clientsMax: z.int().min(1).max(100_000).default(1_000).meta({
      description: "`max_client_conn`.",
      unit: "connections",
    }),
    poolSize: z.int().min(1).max(10_000).default(20).meta({
      description: "`default_pool_size`.",
      unit: "connections",
    }),
    pauseMs: z.int().min(100).max(60_000).default(5_000).meta({
      description: "How long a move waits for open transactions before it goes on without them.",
      unit: "ms",
    }),
  })
  .optional()
  .meta({ description: "A PgBouncer beside the gateway, kept in step with the writer." });
