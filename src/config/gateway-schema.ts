/** The `gateway` section of `leeward.yaml`. What one field may say depends on others in `gateway-rules.ts`. */
import { z } from "zod";
import { consistencies, nameModes } from "../model/gateway.ts";

export const consistency = z.enum(consistencies);

const gatewayName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/)
  .meta({
    patternErrorMessage:
      "a name of 1 to 63 letters, digits, underscores, hyphens and dots, a letter or an underscore first",
  });

const name = z
  .strictObject({
    database: z.string().meta({ description: "The database that the name leads to." }),
    mode: z.enum(nameModes).default("forward").meta({
      description:
        "`forward`: reads in this Region, writes at the writer. `local`: reads in this Region; a secondary one refuses writes (25006). `writer`: everything at the writer.",
    }),
  })
  .meta({ description: "A name that clients give as their database." });

type Range = { readonly from: number; readonly to: number; readonly unit: string };

const bound = (
  description: string,
  byDefault: number,
  { from, to, unit }: Range,
): z.ZodDefault<z.ZodInt> =>
  z.int().min(from).max(to).default(byDefault).meta({ description, unit });

const count = (unit: string, to: number): Range => ({ from: 1, to, unit });
const bytes = (from: number, to: number): Range => ({ from, to, unit: "bytes" });
const ms = (from: number, to: number): Range => ({ from, to, unit: "ms" });

const kib = 1_024;
const mib = 1_024 * kib;
const gib = 1_024 * mib;

/** More than any machine that runs a world serves. */
const clientsCeiling = 1_000_000;
/** PostgreSQL's own bound of `max_connections`. */
export const connectionsCeiling = 262_143;

/** In a server of ordinary size, 100 connections less those that PostgreSQL, Leeward and people use besides. */
export const serverConnectionsDefault = 80;

const limits = z
  .strictObject({
    clientsMax: bound(
      "Sessions of one gateway. One more is refused with 53300.",
      10_000,
      count("sessions", clientsCeiling),
    ),
    poolSize: bound(
      "Server connections for one user of one database.",
      20,
      count("connections", connectionsCeiling),
    ),
    serverConnectionsMax: z.int().min(1).max(connectionsCeiling).optional().meta({
      description:
        "Server connections of all pools together to one PostgreSQL. Left out: 80, or 80 % of the smallest `max_connections` among the databases.",
      unit: "connections",
    }),
    heldUnitsMax: bound(
      "Statements that wait while a writer moves. One more is refused with 53300.",
      10_000,
      count("statements", clientsCeiling),
    ),
    heldBytesMax: bound(
      "Memory of the statements that wait while a writer moves.",
      64 * mib,
      bytes(mib, 4 * gib),
    ),
    holdMs: bound(
      "The longest that statements wait while a writer moves.",
      15_000,
      ms(1_000, 600_000),
    ),
    drainMs: bound(
      "How long a switchover waits for open transactions to end. It is given up when one has not.",
      2_000,
      ms(100, 60_000),
    ),
    consistencyTimeoutMs: bound(
      "The longest that a read waits until its Region is new enough. Where the writer can be asked, it goes there after a tenth of the round trip; where it cannot, the read is refused with 57P03.",
      500,
      ms(0, 60_000),
    ),
    idleInTransactionMs: bound(
      "A transaction that does nothing for so long is ended with 25P03. 0: never.",
      60_000,
      ms(0, 86_400_000),
    ),
    slowClientMs: bound(
      "A client that takes nothing of its answer for so long is let go of.",
      5_000,
      ms(100, 3_600_000),
    ),
    cancelMs: bound(
      "How long a client's cancel request is passed on before it is given up.",
      10_000,
      ms(100, 600_000),
    ),
    loginMs: bound("How long a client may take to log in.", 10_000, ms(100, 600_000)),
    preparedStatementsMax: bound(
      "Distinct prepared statements that the gateway remembers.",
      5_000,
      count("statements", clientsCeiling),
    ),
    preparedPerServerMax: bound(
      "Prepared statements that stay on one server connection.",
      200,
      count("statements", 100_000),
    ),
    preparedPerClientMax: bound(
      "Prepared statements of one session. One more is refused with 54000.",
      1_000,
      count("statements", 100_000),
    ),
    unitBytesMax: bound(
      "What is kept of a request, so that it can be sent again to the writer. A larger one goes there at once.",
      mib,
      bytes(kib, 64 * mib),
    ),
    frameBytesMax: bound(
      "The largest message of a client. A larger one ends its session.",
      256 * mib,
      bytes(64 * kib, gib),
    ),
    requestBytesMax: bound(
      "What is kept of the requests of all clients together, beyond 64 KiB of each. Whoever goes beyond it is refused with 53200.",
      512 * mib,
      bytes(mib, 64 * gib),
    ),
  })
  .prefault({})
  .meta({ description: "Bounds of one gateway." });

export const gateway = z
  .strictObject({
    consistency: consistency.default("session").meta({
      description:
        "How new reads in a secondary Region are. `eventual`: what has arrived. `session`: at least what the session wrote or saw. `global`: at least everything that was acknowledged. `off`: what has arrived, and a secondary Region refuses writes.",
    }),
    names: z.record(gatewayName, name).default({}).meta({
      description:
        "More names for the databases. Each database `D` has `D` (forward), `D-ro` (local) and `D-rw` (writer) already.",
    }),
    tls: z
      .union([z.boolean(), z.enum(["required"])])
      .default(true)
      .meta({
        description:
          "`true`: TLS is offered, with a certificate of the world's own authority (`ca.pem` in the state directory). `required`: nobody logs in without. `false`: there is none.",
      }),
    commitCertainty: z.boolean().default(false).meta({
      description:
        "A `COMMIT` whose answer is lost in a failover is looked for in the WAL of the new writer, and its client is told what became of it: as if nothing had happened, or 40001. `false`: it is told that nobody knows (08007). Costs a small query, in no round trip of its own, for each transaction that writes.",
    }),
    limits,
  })
  .prefault({})
  .meta({ description: "The PostgreSQL endpoint of each Region: names, consistency, bounds." });

export type GatewayDocument = z.output<typeof gateway>;
