/** Whoever holds a connection to a server: what it is told of it. */
import type { Status } from "./session-transaction.ts";
import type { UnitPass } from "./unit-pass.ts";

export interface ServerUser {
  /** Around everything that one chunk of the server brings. */
  begin(): void;
  finish(): void;
  /** To the client, at once. The view is good during the call only. */
  pass(bytes: Buffer): void;
  /** The unit's ReadyForQuery has come; it is not passed on. */
  unitEnded(pass: UnitPass, status: Status): void;
  /** Another gateway tells what its writer's position is, before it says that it is ready. */
  tokenCame(text: string): void;
  /** COPY data are wanted. */
  copyInBegan(pass: UnitPass): void;
  /** The connection is gone, with everything that was under way on it. */
  serverLost(because: string): void;
}
