/**
 * The connections of one role to one server, which its clients take in turns. Whoever waited longest gets the next one
 * directly: that, and no timer, keeps the slowest client close to the others.
 */
import { pgError, type PgError } from "../wire/postgres/error-response.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerUser } from "./server-user.ts";
import type { SessionSettings } from "./session-settings.ts";

export type PoolWaiter = {
  readonly ready: (server: ServerConnection) => void;
  /** There will be none: the server does not let this role in, or the pool is closed. */
  readonly failed: (error: PgError) => void;
  /** There is nowhere else to go: it waits for a server that is not there now. */
  readonly isPatient: boolean;
};

/** Of a pool that leads to a writer of the past. */
export const poolClosedCode = "LW001";
/** What who is not patient is told while the server is not there. */
export const serverAwayCode = "LW002";

/** Connections to one server over all its pools. */
export type Budget = { used: number; readonly max: number };

export type OpenResult =
  | { readonly kind: "open"; readonly server: ServerConnection }
  /** Waiting would not help. */
  | { readonly kind: "refused"; readonly error: PgError }
  /** The server is not there now. */
  | { readonly kind: "unreachable"; readonly because: string };

export type PoolDoors = {
  readonly open: () => Promise<OpenResult>;
  /** Settles after a moment, or when the pool is closed: before a server that was not there is asked again. */
  readonly pause: (failures: number) => Promise<void>;
};

/** How many idle connections are compared before one is taken that has to be set up first. */
const comparedMax = 4;

export class ServerPool {
  readonly #doors: PoolDoors;
  readonly #sizeMax: number;
  readonly #budget: Budget;
  readonly #idle: ServerConnection[] = [];
  readonly #all = new Set<ServerConnection>();
  readonly #waiters = new Set<PoolWaiter>();
  #opening = 0;
  #failures = 0;
  #closed: PgError | undefined;
  /** Why there is no connection, for people. */
  #trouble: string | undefined;

  constructor(doors: PoolDoors, sizeMax: number, budget: Budget) {
    this.#doors = doors;
    this.#sizeMax = sizeMax;
    this.#budget = budget;
  }

  get size(): number {
    return this.#all.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The server was not there when last tried, and no connection to it is left. */
  get isAway(): boolean {
    return this.#failures > 0 && this.#all.size === 0;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * An idle connection, preferably one that is set up alike.
   * @param user before any other, one that nobody has had since, because of what it left there
   */
  take(settings: SessionSettings, user?: ServerUser): ServerConnection | undefined {
    const idle = this.#idle;
    const own = user === undefined ? -1 : idle.findLastIndex(({ lastUser }) => lastUser === user);
    if (own !== -1) return idle.splice(own, 1)[0];
    const last = idle.length - 1;
    for (let at = last; at >= 0 && at > last - comparedMax; at -= 1) {
      if (idle[at]?.settings.key !== settings.key) continue;
      return at === last ? idle.pop() : idle.splice(at, 1)[0];
    }
    return idle.pop();
  }

  /** Answers how to give up. */
  wait(waiter: PoolWaiter): () => void {
    if (this.#closed) {
      waiter.failed(this.#closed);
      return () => undefined;
    }
    if (!waiter.isPatient && this.isAway) {
      this.#knock();
      waiter.failed(this.#away());
      return () => undefined;
    }
    this.#waiters.add(waiter);
    this.#grow();
    return () => void this.#waiters.delete(waiter);
  }

  /** Every server that was taken comes back, lost ones, too. */
  giveBack(server: ServerConnection): void {
    if (server.isFree) return this.#takeBack(server);
    server.whenFree(() => this.#takeBack(server));
  }

  #takeBack(server: ServerConnection): void {
    if (server.isLost) return;
    if (this.#closed || server.isOpaque) return server.close();
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#idle.push(server);
      return;
    }
    this.#waiters.delete(next);
    next.ready(server);
  }

  /** Closes what nobody uses; the others go on. */
  closeIdle(): void {
    for (const server of this.#idle.splice(0)) server.close();
  }

  /** Idle connections are closed now, the others when they come back; whoever waits, and comes, is told `error`. */
  close(error: PgError): void {
    this.#closed = error;
    this.closeIdle();
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.failed(error);
  }

  /** Also those in use. */
  destroy(error: PgError): void {
    this.close(error);
    for (const server of this.#all) server.close();
  }

  #grow(): void {
    const wanted = Math.min(this.#waiters.size, this.#sizeMax - this.#all.size);
    while (this.#opening < wanted && this.#budget.used < this.#budget.max) this.#openMore();
  }

  /** Opens up to `count` connections before anybody waits for them. */
  warm(count: number): void {
    const wanted = Math.min(count, this.#sizeMax) - this.#all.size;
    while (this.#opening < wanted && this.#budget.used < this.#budget.max) this.#openMore();
  }

  /** Nobody waits for it; whoever comes next finds out that it is back. */
  #knock(): void {
    if (this.#opening === 0 && this.#budget.used < this.#budget.max) this.#openMore();
  }

  #openMore(): void {
    this.#opening += 1;
    this.#budget.used += 1;
    void this.#openOne();
  }

  #away(): PgError {
    const message = `the server is not there: ${this.#trouble ?? ""}`;
    return pgError({ severity: "FATAL", code: serverAwayCode, message });
  }

  async #openOne(): Promise<void> {
    // While the server is not there, one try at a time.
    const result = await this.#doors.open();
    if (result.kind === "open") return this.#opened(result.server);
    this.#budget.used -= 1;
    if (result.kind === "refused") {
      this.#opening -= 1;
      this.#trouble = result.error.message;
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const waiter of waiters) waiter.failed(result.error);
      return;
    }
    this.#trouble = result.because;
    this.#failures += 1;
    if (this.isAway) {
      for (const waiter of this.#waiters) {
        if (waiter.isPatient) continue;
        this.#waiters.delete(waiter);
        waiter.failed(this.#away());
      }
    }
    await this.#doors.pause(this.#failures);
    this.#opening -= 1;
    if (!this.#closed) this.#grow();
  }

  #opened(server: ServerConnection): void {
    this.#opening -= 1;
    this.#failures = 0;
    this.#trouble = undefined;
    this.#all.add(server);
    server.onLost(() => {
      this.#budget.used -= 1;
      this.#all.delete(server);
      const at = this.#idle.indexOf(server);
      if (at !== -1) this.#idle.splice(at, 1);
      if (!this.#closed) this.#grow();
    });
    if (server.isLost) {
      this.#budget.used -= 1;
      this.#all.delete(server);
      return;
    }
    this.giveBack(server);
  }
}
