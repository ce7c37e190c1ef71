/** What a session needs of the database that it is connected to, in its Region. */
import type { Clock } from "../env/env.ts";
import type { SystemId } from "../model/region.ts";
import type { GatewayLimits, NameMode } from "../model/gateway.ts";
import type { StatementBook } from "../sql/sql.ts";
import type { BackendKey } from "../wire/postgres/backend-messages.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { CommitOutcome } from "./commit-certainty.ts";
import type { Witness } from "./commit-witness.ts";
import type { ConsistencyLevel } from "./consistency.ts";
import type { CustomSettings } from "./custom-settings.ts";
import type { SettledRead } from "./settle-read.ts";
import type { PreparedRegistry } from "./prepared-statements.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerPool } from "./server-pool.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { SessionToken } from "./session-token.ts";
import type { TimelineKnowledge, Token } from "./token.ts";
import type { WriteMark } from "./write-marks.ts";
import type { WriterDoor } from "./writer-door.ts";

/** Who a session is, as its login said. */
export type SessionIdentity = {
  readonly user: string;
  /** As the connection string names it. */
  readonly name: string;
  readonly mode: NameMode;
  readonly level: ConsistencyLevel;
  readonly startup: SessionSettings;
  /** The token of a connection string. */
  readonly token: Token | undefined;
  /** Another Region's gateway, on behalf of its client. */
  readonly peer: PeerMark | undefined;
  readonly remote: string;
  readonly key: BackendKey;
};

/** How a gateway makes itself known to another. */
export type PeerMark = {
  readonly region: string;
  /** How many gateways it has passed. */
  readonly hops: number;
};

/** What a session's reads have to see. */
export type ReadingSession = { readonly level: ConsistencyLevel; readonly seen: SessionToken };

export type TargetKind = "local" | "writer";

export type SessionCounts = {
  localReads: number;
  writerReads: number;
  writes: number;
  commits: number;
  errors: number;
  replays: number;
  writeMs: number;
  readWaits: number;
  readWaitMs: number;
};

export interface SessionHome {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly book: StatementBook;
  readonly registry: PreparedRegistry;
  /** What is kept of the units of all clients of the gateway. */
  readonly requestBytes: ByteBudget;
  readonly door: WriterDoor;
  readonly counts: SessionCounts;
  readonly systemId: SystemId | undefined;
  readonly isWriterHere: boolean;
  /** It is, and accepts writes. */
  readonly isWriterOpen: boolean;
  readonly hasLocal: boolean;
  /** What a server reported to this user, or to anybody; empty before any was met. */
  parametersFor(user: string): ReadonlyMap<string, string>;
  /** The pool to take a connection from now. @param kind `local`: an instance of this Region */
  pool(kind: TargetKind, identity: SessionIdentity): ServerPool;
  /** For people: what a pool of this kind leads to. */
  describe(kind: TargetKind): string;
  /** Where a read goes, without waiting; undefined when that has to be found out. */
  readAtOnce(session: ReadingSession): "local" | undefined;
  settleRead(session: ReadingSession, signal: AbortSignal): Promise<SettledRead>;
  /** The writer's position now, with the right of the present lease. @throws Failure */
  writerPosition(signal: AbortSignal): Promise<Token>;
  /** Whether commits are looked for whose answer was lost. */
  readonly findsCommits: boolean;
  /** A server does not answer what has to be asked for that: nobody asks any more. */
  cannotFindCommits(because: string): void;
  /** Ends within the longest hold; rejects with the signal's reason alone. */
  findCommit(witness: Witness, signal: AbortSignal): Promise<CommitOutcome>;
  /** A session was told a token. */
  learnt(token: Token): void;
  /** What is known here of the database system's timelines. */
  readonly timelines: TimelineKnowledge;
  /** For a session that the writer here has answered. */
  mark(): WriteMark | undefined;
  /** Settings of applications, as far as anybody has been seen to make them. */
  readonly customSettings: CustomSettings;
  /** What is known of the catalog has seen every definition that went through here. */
  readonly isCatalogCurrent: boolean;
  /** A statement changed the catalog. @param token of the writer after it, where that is in another Region */
  catalogChanged(token: Token | undefined): void;
  cancelAt(server: ServerConnection): void;
  listen(channel: string, listener: Listener): Promise<void>;
  unlisten(channel: string | undefined, listener: Listener): void;
}

export interface Listener {
  /** A whole NotificationResponse. */
  notified(channel: string, message: Buffer): void;
}
