/**
 * Publishes what the orders database has in its outbox, where its writer is: at least once, and in order for each order.
 *
 *   writer here? ──no──► wait                            published, killed, not marked: published again
 *    │yes
 *    ▼
 *   what waits, the first of each order ► broker ► what it confirmed is marked; what was so a month ago is removed
 *
 * There may be two at once: replicas, or the relays of two Regions while the writer moves. They need no lock, since an
 * event goes out only after the earlier ones of its order are marked, and so are in the broker for certain: whichever
 * relay is first with an event, the first deliveries of an order's events are in their order. What comes twice has the
 * same id, by which whoever counts knows it. A lock would have to be held while the broker is waited for, in a
 * transaction that keeps the writer from moving.
 */
import type { Database } from "../shared/database.ts";
import { backoffMs, messageOf, pause } from "../shared/backoff.ts";
import { isWriterHere, markPublished, pruneMax, pruneOutbox, waitingEvents } from "./outbox.ts";
import type { Publisher } from "./publisher.ts";

/** 200 ms: an order's event follows that soon, and an idle look is two reads in the Region. */
const idleMs = 200;
/** 1 s: so long after its writer has come, a Region's relay may begin. */
const standbyMs = 1_000;
/** 1 min: what is a month old may be a minute older. */
const pruneMs = 60_000;

export type RelayStatus = {
  /** The writer was in this Region when it was last looked. */
  readonly active: boolean;
  /** By this process. */
  readonly published: number;
  /** Why it does not get on at the moment. */
  readonly lastError: string | undefined;
};

export class Relay {
  readonly #database: Database;
  readonly #publisher: Publisher;
  #status: RelayStatus = { active: false, published: 0, lastError: undefined };
  #pruneAtMs = 0;

  constructor(database: Database, publisher: Publisher) {
    this.#database = database;
    this.#publisher = publisher;
  }

  get status(): RelayStatus {
    return this.#status;
  }

  /** Until `signal` ends. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const waitMs = await this.step();
        failures = 0;
        this.#note({ lastError: undefined });
        if (waitMs > 0) await pause(waitMs, signal);
      } catch (error) {
        failures += 1;
        this.#note({ lastError: messageOf(error) });
        await pause(backoffMs(failures), signal);
      }
    }
    await this.#publisher.close();
  }

  /**
   * One look, and what it asks for.
   * @returns after how many ms to look again
   * @throws Error when the database or the broker does not do its part; what is marked by then stays marked
   */
  async step(): Promise<number> {
    const active = await isWriterHere(this.#database);
    this.#note({ active });
    if (!active) return standbyMs;
    const events = await waitingEvents(this.#database);
    if (events.length === 0) {
      await this.#prune();
      return idleMs;
    }
    const { confirmed, trouble } = await this.#publisher.publish(events);
    if (confirmed.length > 0) await markPublished(this.#database, confirmed);
    this.#note({ published: this.#status.published + confirmed.length });
    if (trouble !== undefined) throw new Error(trouble);
    return 0;
  }

  /** When nothing waits, which a shop that is not overrun sees many times a minute; at once again while there is much to do. */
  async #prune(): Promise<void> {
    if (performance.now() < this.#pruneAtMs) return;
    const removed = await pruneOutbox(this.#database);
    // A few that were published late do not make it slow.
    if (removed < pruneMax / 2) this.#pruneAtMs = performance.now() + pruneMs;
  }

  #note(news: Partial<RelayStatus>): void {
    this.#status = { ...this.#status, ...news };
  }
}
