/** What the config, the settings and the gateway itself say about a gateway. */
import type { DatabaseId } from "./region.ts";

/**
 * How new a read in a secondary Region is. `eventual`: whatever has arrived. `session`: at least what this session has
 * written or seen. `global`: at least what anybody was acknowledged before the read began. `off`: as eventual, and
 * writes are refused: nothing is forwarded.
 */
export const consistencies = ["eventual", "session", "global", "off"] as const;
export type Consistency = (typeof consistencies)[number];

/**
 * What a name of a connection string does with a session. `forward`: reads here, writes at the writer. `local`: reads
 * here, no writes. `writer`: everything at the writer.
 */
export const nameModes = ["forward", "local", "writer"] as const;
export type NameMode = (typeof nameModes)[number];

/** What a client may name as its database. */
export type GatewayName = {
  readonly name: string;
  readonly database: DatabaseId;
  readonly mode: NameMode;
};

/** The name that leads to the gateway's own console. No database and no other name may be called so. */
export const consoleName = "leeward";

/** NAMEDATALEN - 1: PostgreSQL cuts longer names off. */
export const gatewayNameBytesMax = 63;

/** Bounds of one gateway; a target is an instance of its Region, or the gateway of another Region. */
export type GatewayLimits = {
  readonly clientsMax: number;
  /** Server connections for one user of one database at one target. */
  readonly poolSize: number;
  /** Server connections of all pools together to one target. */
  readonly serverConnectionsMax: number;
  /** Statements that wait while a writer moves. */
  readonly heldUnitsMax: number;
  readonly heldBytesMax: number;
  /** The longest that writes are held; then they pass, or fail with the truth. */
  readonly holdMs: number;
  /** How long a hold lets open transactions end. */
  readonly drainMs: number;
  /** How long a read waits for a secondary before it goes to the writer. */
  readonly consistencyTimeoutMs: number;
  /** 0: no bound. */
  readonly idleInTransactionMs: number;
  /** How long a client may leave its answer unread. */
  readonly slowClientMs: number;
  readonly cancelMs: number;
  readonly loginMs: number;
  /** Distinct statements that are prepared through the gateway. */
  readonly preparedStatementsMax: number;
  readonly preparedPerServerMax: number;
  readonly preparedPerClientMax: number;
  /** What is kept of a unit so that it can be sent again to the writer. */
  readonly unitBytesMax: number;
  readonly frameBytesMax: number;
  /** What is kept of the requests of all clients together. */
  readonly requestBytesMax: number;
};
