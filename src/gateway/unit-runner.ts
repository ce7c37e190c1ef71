/**
 * Runs a client's units, one after the other: what each is (`unit-meanings`), where it goes (`unit-router`), and what
 * its server answers (`unit-exchange`). One for each session.
 */
import { evicted, idleInTransaction, tooManyNotifications } from "./gateway-errors.ts";
import type { ServerConnection } from "./server-connection.ts";
import { SessionChannels } from "./session-channels.ts";
import { tellReady, type SessionContext, type SessionOutput } from "./session-context.ts";
import type { SessionEnd } from "./session-end.ts";
import type { SessionHome, SessionIdentity } from "./session-home.ts";
import { SessionState } from "./session-state.ts";
import { UnitExchange } from "./unit-exchange.ts";
import { UnitMeanings } from "./unit-meanings.ts";
import { UnitRouter } from "./unit-router.ts";
import type { Meaning, Unit } from "./unit.ts";
import type { Lodger } from "./writer-door.ts";

/** 5 s: more than a link takes to tell that the client's own gateway has ended it. */
const peerPatienceMs = 5_000;
/** A Sync by itself, whole. */
const syncBytes = 5;

export class UnitRunner implements Lodger {
  readonly state: SessionState;
  readonly #context: SessionContext;
  readonly #meanings: UnitMeanings;
  readonly #exchange: UnitExchange;
  readonly #router: UnitRouter;
  /** Since when the transaction has had nothing to do, as far as `tick` has seen. */
  #idleSinceMs: number | undefined;

  constructor(
    home: SessionHome,
    identity: SessionIdentity,
    output: SessionOutput,
    end: SessionEnd,
  ) {
    this.state = new SessionState(identity);
    const { state } = this;
    const channels = new SessionChannels(home, state.transaction, {
      write: (message) => output.write(message),
      isFree: () => this.isIdle,
      overflow: (bytes) => output.finish(tooManyNotifications(bytes)),
    });
    this.#context = { home, identity, state, channels, output, end };
    this.#meanings = new UnitMeanings(this.#context);
    this.#exchange = new UnitExchange(this.#context, this.#meanings, this, {
      retryElsewhere: (task) => this.#router.retryElsewhere(task),
      toWriter: (task) => this.#router.toWriter(task, "single"),
    });
    this.#router = new UnitRouter(this.#context, this.#exchange);
  }

  get identity(): SessionIdentity {
    return this.#context.identity;
  }

  get server(): ServerConnection | undefined {
    return this.#exchange.seat.server;
  }

  /** Nothing of it is at a server. */
  get isIdle(): boolean {
    return !this.#exchange.isBusy && this.state.transaction.phase.kind === "idle";
  }

  get waitsFor(): string | undefined {
    return this.#router.waitsFor;
  }

  /** What it waits for is a writer that is on the move. */
  get isHeld(): boolean {
    return this.#router.waitsFor === "writer";
  }

  get isPinned(): boolean {
    return this.state.pins.size > 0;
  }

  get description(): string {
    const { user, name, remote } = this.identity;
    const why = this.isPinned
      ? `has ${[...this.state.pins].join(", ")}`
      : this.state.transaction.phase.kind === "idle"
        ? "runs a statement"
        : "is in a transaction";
    return `${user} of ${name} from ${remote} ${why}`;
  }

  /** @param isOpen it was flushed before its Sync: the answers are wanted, and `goOn` brings more of it */
  run(unit: Unit, isOpen = false): void {
    const { home, output } = this.#context;
    this.#idleSinceMs = undefined;
    const startedAtMs = home.clock.monotonicMs();
    if (unit.bytes.length === syncBytes && this.server === undefined) {
      tellReady(this.#context, this.state.transaction.status);
      return output.unitDone();
    }
    const meaning = isOpen ? this.#meanings.inParts(unit) : this.#meanings.atOnce(unit);
    if (meaning !== undefined) {
      return this.#router.route({ unit, meaning, startedAtMs, isOpen, retries: 0 });
    }
    const learn = (): Promise<Meaning> => this.#meanings.learn(unit);
    void this.#router.routeWhenKnown(unit, learn, { startedAtMs, isOpen });
  }

  /** The present unit was flushed, and is at its server. */
  get canGoOn(): boolean {
    return this.#exchange.canGoOn;
  }

  /** More of the present unit, when it `canGoOn`. @param isOpen more will come; false: it ends with its Sync */
  goOn(unit: Unit, isOpen: boolean): void {
    this.#exchange.goOn(unit, isOpen);
  }

  /** A waiting unit is given up, one that is under way is cancelled at its server. */
  cancel(): void {
    if (!this.#router.cancel()) this.#exchange.cancel();
  }

  /** To be called now and then: what waits for too long is told so. */
  tick(nowMs: number): void {
    this.#endIdleTransaction(nowMs);
    this.#router.tick(nowMs);
  }

  evict(because: string): void {
    this.#context.output.finish(evicted(because));
  }

  #endIdleTransaction(nowMs: number): void {
    const { home, identity, output } = this.#context;
    const { idleInTransactionMs } = home.limits;
    const isBusy = this.#exchange.isBusy || this.#router.waitsFor !== undefined;
    const isIdle = !isBusy && this.state.transaction.status !== "I";
    this.#idleSinceMs = isIdle ? (this.#idleSinceMs ?? nowMs) : undefined;
    if (this.#idleSinceMs === undefined || idleInTransactionMs === 0) return;
    // The gateway that the client is at tells it, and ends the transaction here by that.
    const patienceMs = idleInTransactionMs + (identity.peer ? peerPatienceMs : 0);
    if (nowMs - this.#idleSinceMs >= patienceMs) output.finish(idleInTransaction());
  }

  /** The session is over. */
  leave(): void {
    this.#router.leave();
    this.#context.channels.leave();
    this.#exchange.leave();
  }
}
