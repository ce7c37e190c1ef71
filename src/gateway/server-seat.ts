/**
 * A session's place at a server: taken from a pool, inside the writer's door as long as it lasts, given back in order.
 * One at a time.
 */
import type { PgError } from "../wire/postgres/error-response.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerUser } from "./server-user.ts";
import type { ServerPool } from "./server-pool.ts";
import type { SessionHome, SessionIdentity, TargetKind } from "./session-home.ts";
import type { SessionSettings } from "./session-settings.ts";
import type { Lodger } from "./writer-door.ts";

export type SeatHooks = {
  readonly seated: (server: ServerConnection) => void;
  /** There is none to be had. */
  readonly failed: (error: PgError) => void;
  /** It waits for a server that is not there now. */
  readonly isPatient: boolean;
};

export class ServerSeat {
  readonly #home: SessionHome;
  readonly #identity: SessionIdentity;
  readonly #user: ServerUser;
  readonly #lodger: Lodger;
  #server: ServerConnection | undefined;
  #pool: ServerPool | undefined;
  #kind: TargetKind = "writer";
  #isInside = false;
  #isSame = false;

  constructor(
    home: SessionHome,
    identity: SessionIdentity,
    { user, lodger }: { readonly user: ServerUser; readonly lodger: Lodger },
  ) {
    this.#home = home;
    this.#identity = identity;
    this.#user = user;
    this.#lodger = lodger;
  }

  get server(): ServerConnection | undefined {
    return this.#server;
  }

  /** Nobody else had the present server since this session had it. */
  get isSame(): boolean {
    return this.#isSame;
  }

  /** What the present server is, or the one that was asked for last. */
  get kind(): TargetKind {
    return this.#kind;
  }

  /** Why no server could be had, for people. */
  get trouble(): string | undefined {
    return this.#pool?.trouble;
  }

  /**
   * At once where one is idle; else it has to be waited for.
   * @param isSame the server that the session had last is asked for, because of what it left there
   */
  take(kind: TargetKind, settings: SessionSettings, isSame: boolean): ServerConnection | undefined {
    const pool = this.#home.pool(kind, this.#identity);
    this.#pool = pool;
    this.#kind = kind;
    const idle = pool.take(settings, isSame ? this.#user : undefined);
    if (idle !== undefined) this.#sit(idle);
    return idle;
  }

  /** For the next one where `take` found none. Answers how to give up; undefined when it has failed already. */
  wait(hooks: SeatHooks): (() => void) | undefined {
    let isSettled = false;
    const giveUp = this.#pool?.wait({
      ready: (server) => {
        this.#sit(server);
        hooks.seated(server);
      },
      isPatient: hooks.isPatient,
      failed: (error) => {
        isSettled = true;
        hooks.failed(error);
      },
    });
    return isSettled ? undefined : giveUp;
  }

  /** It stays for longer than a unit: in a transaction, or because something binds the session. */
  stays(isStaying: boolean): void {
    if (this.#isInside) this.#home.door.stays(this.#lodger, isStaying);
  }

  /** Back to the pool. Nothing may be under way. */
  leave(): void {
    const server = this.#server;
    if (server === undefined) return;
    server.unlink();
    this.lost();
    this.#pool?.giveBack(server);
  }

  /** The server is gone, or not to be used by anybody else. */
  lost(): void {
    this.#server = undefined;
    if (!this.#isInside) return;
    this.#isInside = false;
    this.#home.door.left(this.#lodger);
  }

  #sit(server: ServerConnection): void {
    this.#server = server;
    this.#isSame = server.lastUser === this.#user;
    server.linkTo(this.#user);
    if (this.#kind !== "writer" || !this.#home.isWriterHere) return;
    this.#isInside = true;
    this.#home.door.entered(this.#lodger);
  }
}
