/** What the parts of one session share. */
import type { PgError } from "../wire/postgres/error-response.ts";
import type { SessionChannels } from "./session-channels.ts";
import type { SessionEnd } from "./session-end.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import type { SessionState } from "./session-state.ts";
import type { Status } from "./session-transaction.ts";

/** The client's side of a session. */
export interface SessionOutput {
  write(bytes: Buffer): void;
  /** ReadyForQuery, unless the client has not asked for it yet. */
  ready(status: Status): void;
  /** The present unit has ended in an error. */
  failed(): void;
  cork(): void;
  uncork(): void;
  /** The present unit has been answered; the next one may come. */
  unitDone(): void;
  /** What was flushed is at its server: more of the unit may come. */
  flushSent(): void;
  /** The client may send COPY data, until `unitDone`. */
  copyInBegan(): void;
  /** Ends the session, with an error when the client can still be told one. */
  finish(error: PgError | undefined): void;
}

export type SessionContext = {
  readonly home: SessionHome;
  readonly identity: SessionIdentity;
  readonly state: SessionState;
  readonly channels: SessionChannels;
  readonly output: SessionOutput;
  readonly end: SessionEnd;
};

/** Tells the client that it may go on; what it listened to is told when no transaction is open. */
export function tellReady({ channels, output }: SessionContext, status: Status): void {
  if (status === "I") channels.deliver();
  output.ready(status);
}
