/**
 * The shape of `leeward.yaml`: every field with its description, unit and default. The JSON Schema that
 * editors complete from, the reference and the error messages are all made from it. What one field may say
 * depends on others in `rules.ts`.
 */
import { z } from "zod";
import { bandwidthPattern } from "../model/bandwidth.ts";
import { predefinedRoles } from "../model/predefined-role.ts";
import { consistency, gateway } from "./gateway-schema.ts";
import { instancesPerRegionMax, worldMax } from "./limits.ts";
import { service } from "./services-schema.ts";
import { pgbouncer, traffic } from "./traffic-schema.ts";

const label = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$/)
  .meta({
    patternErrorMessage:
      "a name of 1 to 31 lower-case letters, digits and hyphens, a letter first, no hyphen at the end",
  });

const roleName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,62}$/)
  .meta({
    patternErrorMessage:
      "a name of 1 to 63 lower-case letters, digits, underscores and hyphens, no digit first",
  });

const region = z
  .strictObject({
    hosts: z.never().optional().meta({
      description: "Reserved for Regions on other machines.",
      errorMessage: "Regions on other machines are not there yet; leave `hosts` out",
    }),
  })
  .meta({ description: "One Region. `{}` is a Region on this machine." });

const conditions = {
  rttMs: z
    .number()
    .min(0)
    .max(60_000)
    .meta({ description: "Round-trip time that the link adds.", unit: "ms" }),
  jitterMs: z.number().min(0).max(60_000).meta({
    description: "Up to this much more is added to a round trip, drawn at random.",
    unit: "ms",
  }),
  bandwidth: z.string().regex(bandwidthPattern).meta({
    description: "Speed of each direction, shared fairly by everything that crosses it.",
    patternErrorMessage: "`unlimited`, or a number with kbit, mbit or gbit, for example 10mbit",
  }),
};

const defaultLink = z.strictObject({
  rttMs: conditions.rttMs.default(0),
  jitterMs: conditions.jitterMs.default(0),
  bandwidth: conditions.bandwidth.default("unlimited"),
});

const link = z
  .strictObject({
    rttMs: conditions.rttMs.optional(),
    jitterMs: conditions.jitterMs.optional(),
    bandwidth: conditions.bandwidth.optional(),
  })
  .meta({
    description:
      "The link of one pair, for example `us-east-1/us-west-2` or `controller/us-east-1`. What is left out is as in `default`.",
  });

const links = z
  .object({
    default: defaultLink.prefault({}).meta({
      description: "Every link between two Regions, and between a Region and the controller.",
    }),
  })
  .catchall(link)
  .prefault({})
  .meta({ description: "What the links do to the traffic, from the start of the world." });

const member = z
  .strictObject({
    instances: z.int().min(1).max(instancesPerRegionMax).default(1).meta({
      description: "PostgreSQL servers of this database in this Region.",
      unit: "servers",
    }),
  })
  .meta({ description: "What this database has in one of its Regions." });

const flag = (description: string, byDefault: boolean): z.ZodDefault<z.ZodBoolean> =>
  z.boolean().default(byDefault).meta({ description });

const role = z
  .strictObject({
    login: flag("May log in. The password is generated into the state directory.", true),
    superuser: flag("Bypasses every permission.", false),
    replication: flag("May stream WAL and use replication slots.", false),
    memberOf: z.array(z.enum(predefinedRoles)).default([]).meta({
      description:
        "Roles of PostgreSQL's own that it is a member of. `pg_create_subscription` lets it subscribe to another server's changes.",
    }),
    consistency: consistency.optional().meta({
      description: "How new this role's reads are. Left out: as the database says.",
    }),
  })
  .meta({ description: "One role, made when the database is created." });

const settingName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/)
  .meta({ patternErrorMessage: "the name of a parameter of postgresql.conf in lower case" });

const settingValue = z
  .union([z.boolean(), z.number(), z.string().regex(/^[^\r\n\0]{0,1000}$/)])
  .meta({ description: "Its value, for example `64MB`, `on` or `4`." });

/** 5 min: a database that loses its writer again so soon has a cause that another failover does not cure. */
export const failoverPauseMsDefault = 300_000;

const database = z
  .strictObject({
    engine: z
      .enum(["postgres"])
      .default("postgres")
      .meta({ description: "What runs the database: PostgreSQL as Leeward's own processes." }),
    kind: z.enum(["global", "local"]).default("global").meta({
      description:
        "`global`: one database system, one writer, a copy in each Region. `local`: an independent PostgreSQL in each Region.",
    }),
    primary: label.optional().meta({
      description:
        "Global only, and required there: the Region that accepts writes when the database is created. Later, a switchover moves it, and this field is not asked again.",
      errorMessage: "name one Region: only one accepts writes at a time",
    }),
    regions: z.record(label, member).optional().meta({
      description: "Where the database runs. Left out: in every Region, with one instance.",
    }),
    failover: z.enum(["manual", "automatic"]).default("manual").meta({
      description:
        "Global only. Who decides on a failover: a person (`manual`), or Leeward (`automatic`).",
    }),
    failoverPauseMs: z.int().min(0).max(86_400_000).default(failoverPauseMsDefault).meta({
      description: "Global only. After a failover, none happens by itself for this long.",
      unit: "ms",
    }),
    rejoin: z.enum(["automatic", "manual"]).default("automatic").meta({
      description:
        "Global only. Whether a lost primary becomes a secondary by itself when it is back. The evidence is kept either way.",
    }),
    rpoGuardMs: z.int().min(0).max(3_600_000).default(0).meta({
      description:
        "Global only. Above this RPO lag, commits wait until a secondary has them. 0 is off.",
      unit: "ms",
    }),
    roles: z.record(roleName, role).default({}).meta({
      description: "Who may connect, beside Leeward itself.",
    }),
    owner: roleName.optional().meta({
      description: "The role that owns the SQL database. Left out: the first of `roles`.",
    }),
    consistency: consistency.optional().meta({
      description:
        "How new reads in a secondary Region are. Left out: as `gateway.consistency` says.",
    }),
    settings: z.record(settingName, settingValue).default({}).meta({
      description:
        "Parameters of postgresql.conf. Those that Leeward owns, and those that can lose data, are refused with the reason.",
    }),
  })
  .meta({
    description:
      "One database; its name is also the name of the SQL database. A Region that is detached from `orders` becomes `orders-<region>`, so that no other database may be called so.",
  });

const postgres = z
  .strictObject({
    bin: z.string().min(1).optional().meta({
      description:
        "The bin directory of another PostgreSQL, 15 or newer. Left out: the embedded PostgreSQL 18. LEEWARD_PG_BIN goes before both.",
    }),
    maxSlotWalKeepMb: z.int().min(64).max(16_777_216).default(8192).meta({
      description:
        "WAL that a writer keeps for a secondary that is away. Beyond it, the secondary has to be cloned again.",
      unit: "MiB",
    }),
  })
  .prefault({})
  .meta({ description: "The PostgreSQL that runs the databases." });

const events = z
  .strictObject({
    keepDays: z.int().min(1).max(3650).default(14).meta({
      description: "How long events and audit are kept.",
      unit: "days",
    }),
  })
  .prefault({})
  .meta({ description: "What happened, for people and for automation." });

const evidence = z
  .strictObject({
    keepDays: z.int().min(0).max(3650).default(0).meta({
      description:
        "How long the evidence of a failover is kept: what the lost writer had and nobody else. 0: until a person removes it.",
      unit: "days",
    }),
  })
  .prefault({})
  .meta({ description: "What a failover left behind." });

const load = z
  .record(
    label,
    z
      .strictObject({
        module: z
          .string()
          .min(1)
          .max(4_096)
          .regex(/^[^\0]*$/)
          .meta({
            description:
              "A JavaScript module that exports `profiles`, by its path from the directory of leeward.yaml.",
          }),
      })
      .meta({ description: "Visitors for `leeward load`." }),
  )
  .default({})
  .meta({ description: "What `leeward load` can do to the application, by name." });

/** The sections that are accepted today and used by nobody; `not-yet.ts` says so to the user. */
export const laterSections = ["plans"] as const;

const shape = z.strictObject({
  name: label.meta({ description: "The name of this world." }),
  world: z.int().min(0).max(worldMax).default(0).meta({
    description:
      "Which block of loopback addresses (127.W.0.0/16) or of ports the world takes. Worlds that run side by side need different ones.",
  }),
  preset: z.enum(["local", "wan"]).default("local").meta({
    description:
      "How patient leases are: `local` where Regions are milliseconds apart, `wan` across real distances.",
  }),
  addresses: z.enum(["auto", "loopback-block", "shared"]).default("auto").meta({
    description:
      "`loopback-block`: each Region has its own addresses in 127.0.0.0/8. `shared`: everything is on 127.0.0.1, on its own port. `auto`: the first on Linux, the second elsewhere.",
  }),
  ports: z.int().min(1024).max(65_000).optional().meta({
    description:
      "The first port of the `shared` addresses; the others follow. Left out: 21000 + 400 × `world`.",
  }),
  regions: z.record(label, region).meta({
    description: "The Regions, in order: the first is Region 1.",
  }),
  links,
  databases: z.record(label, database).meta({ description: "The databases, by name." }),
  postgres,
  events,
  evidence,
  gateway,
  pgbouncer,
  services: z.record(label, service).default({}).meta({
    description: "The application's services, run in each Region.",
  }),
  traffic,
  load,
  plans: z
    .string()
    .optional()
    .meta({ description: "The directory of the plans. Not there yet: read, not used." }),
});

export const configShape = shape.meta({
  title: "leeward.yaml",
  description: "A world of Leeward: its Regions, the links between them, its databases.",
});

/** What the file says, with its defaults, before it is resolved into a `Config`. */
export type ConfigDocument = z.output<typeof shape>;
export type DatabaseDocument = z.output<typeof database>;
