/**
 * The one way to a writer in this Region. A switchover holds it: what is under way ends, nothing new begins, and what
 * comes waits without knowing why.
 *
 *   open ──hold──► draining ──no transaction──► closing ──nobody inside──► held ──release, deadline──► open
 *     ▲            singles still pass           nothing passes               │
 *     └──────────────── drain deadline, pins: refused ◄──────────────────────┘ (ends by itself)
 *
 * First whole transactions are kept out and single statements still pass, because a transaction takes a second where a
 * statement takes a millisecond: most clients notice the last part alone.
 */
import type { Clock } from "../env/env.ts";
import type { Hold } from "../wire/gateway-protocol.ts";

/** Whoever wants to pass: a statement by itself, or one that begins or continues a transaction. */
export type Passage = "single" | "transaction";

export type HoldOutcome = {
  readonly id: string;
  readonly isHeld: boolean;
  readonly because: string;
};

/** A session that is inside for longer than a unit. */
export interface Lodger {
  /** For people: who it is and why it stays. */
  readonly description: string;
  readonly isPinned: boolean;
  /** Nothing of it is under way. */
  readonly isIdle: boolean;
  /** Ends the session, with an error that says why. Only for one that is pinned. */
  evict(because: string): void;
}

export type DoorHooks = {
  readonly tell: (outcome: HoldOutcome) => void;
  /** Servers that nobody uses are closed: the writer is about to stop. */
  readonly emptied: () => void;
  /** A hold that was there is over. */
  readonly released: (heldMs: number) => void;
};

export type DoorLimits = {
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Transactions have as long to end, or less where the hold gives them less. */
  readonly drainMs: number;
};

type Waiter = { readonly bytes: number; readonly enter: () => void };

type Phase = "open" | "draining" | "closing" | "held";

export class WriterDoor {
  readonly #clock: Clock;
  readonly #hooks: DoorHooks;
  readonly #limits: DoorLimits;
  readonly #inside = new Set<Lodger>();
  readonly #inTransaction = new Set<Lodger>();
  readonly #waiting = new Set<Waiter>();
  #waitingBytes = 0;
  #phase: Phase = "open";
  #hold: Hold | undefined;
  #heldSinceMs = 0;
  /** The last hold that was answered: it is not begun again. */
  #doneId: string | undefined;

  constructor(clock: Clock, hooks: DoorHooks, limits: DoorLimits) {
    this.#clock = clock;
    this.#hooks = hooks;
    this.#limits = limits;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get inside(): number {
    return this.#inside.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  mayPass(passage: Passage): boolean {
    return this.#phase === "open" || (this.#phase === "draining" && passage === "single");
  }

  /**
   * Calls `enter` when the door has opened; answers how to give up, or undefined when too much waits already.
   * @param bytes that are kept meanwhile
   */
  wait(bytes: number, enter: () => void): (() => void) | undefined {
    const { waitingMax, waitingBytesMax } = this.#limits;
    if (this.#waiting.size >= waitingMax || this.#waitingBytes + bytes > waitingBytesMax) {
      return undefined;
    }
    const waiter: Waiter = { bytes, enter };
    this.#waiting.add(waiter);
    this.#waitingBytes += bytes;
    return () => this.#forget(waiter);
  }

  entered(lodger: Lodger): void {
    this.#inside.add(lodger);
  }

  left(lodger: Lodger): void {
    this.#inside.delete(lodger);
    this.#inTransaction.delete(lodger);
    this.#goOn();
  }

  /** Whether the lodger stays for longer than a unit: in a transaction, or pinned. */
  stays(lodger: Lodger, isStaying: boolean): void {
    if (isStaying) this.#inTransaction.add(lodger);
    else this.#inTransaction.delete(lodger);
    this.#goOn();
  }

  /** What the agent wants now; the same hold again changes nothing. */
  follow(hold: Hold | undefined): void {
    if (hold === undefined) {
      this.#doneId = undefined;
      return this.#open();
    }
    if (hold.id === this.#hold?.id || hold.id === this.#doneId) return;
    const nowMs = this.#clock.monotonicMs();
    const drainUntilMs = Math.min(hold.drainUntilMs, nowMs + this.#limits.drainMs);
    this.#hold = { ...hold, drainUntilMs };
    this.#heldSinceMs = nowMs;
    this.#phase = "draining";
    this.#goOn();
  }

  /** To be called often: deadlines are looked at here. Answers when the next one is, in ms; undefined without one. */
  look(): number | undefined {
    const hold = this.#hold;
    if (hold === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= hold.untilMs) {
      if (this.#phase === "held") this.#doneId = hold.id;
      else this.#refuse(this.#obstacle() ?? "its time was over");
      this.#open();
      return undefined;
    }
    if (this.#phase === "held") return hold.untilMs - nowMs;
    if (nowMs < hold.drainUntilMs) return hold.drainUntilMs - nowMs;
    this.#refuse(this.#obstacle() ?? "statements were still under way");
    return undefined;
  }

  /** How long the present hold has lasted, in ms; 0 without one. */
  get heldMs(): number {
    return this.#hold === undefined ? 0 : this.#clock.monotonicMs() - this.#heldSinceMs;
  }

  #goOn(): void {
    const hold = this.#hold;
    if (hold === undefined || this.#phase === "held") return;
    if (this.#phase === "draining") {
      const pinned = [...this.#inTransaction].filter(({ isPinned }) => isPinned);
      if (pinned.length > 0 && hold.pins === "refuse") {
        return this.#refuse(
          `${pinned.length} sessions are bound to their server: ${nameSome(pinned)}`,
        );
      }
      for (const one of pinned) if (one.isIdle) one.evict("the database moves to another Region");
      if (this.#inTransaction.size > 0) return;
      this.#phase = "closing";
    }
    if (this.#inside.size > 0) return;
    this.#phase = "held";
    this.#hooks.emptied();
    this.#hooks.tell({ id: hold.id, isHeld: true, because: "nothing is under way" });
  }

  /** In words, who is inside. */
  #obstacle(): string | undefined {
    const lodgers = [...new Set([...this.#inTransaction, ...this.#inside])];
    if (lodgers.length === 0) return undefined;
    return `${lodgers.length} were still inside: ${nameSome(lodgers)}`;
  }

  #refuse(because: string): void {
    const hold = this.#hold;
    if (hold === undefined) return;
    this.#doneId = hold.id;
    this.#hooks.tell({ id: hold.id, isHeld: false, because });
    this.#open();
  }

  #open(): void {
    if (this.#phase === "held") this.#hooks.released(this.heldMs);
    this.#hold = undefined;
    this.#phase = "open";
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const { enter } of waiting) enter();
  }

  #forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#waitingBytes -= waiter.bytes;
  }
}

/** Three are enough to look into. */
const namedMax = 3;

function nameSome(lodgers: readonly Lodger[]): string {
  const named = lodgers.slice(0, namedMax).map(({ description }) => description);
  return named.join("; ") + (lodgers.length > namedMax ? "; …" : "");
}
