/**
 * The stored part of the traffic, and the only way to change it: read what is so now, decide, commit under the claim
 * that nobody changed anything since, read back. Two controllers never undo each other's changes, and no rule is
 * judged upon a state that is gone.
 */
import type { NewEvent } from "../model/event.ts";
import { Failure } from "../model/failure.ts";
import type { Change, Compare, Store } from "../store/store.ts";
import type { EventOutbox } from "./event-outbox.ts";
import {
  changesKey,
  putChanges,
  readStored,
  trafficPrefix,
  type StoredTraffic,
} from "./stored-traffic.ts";

/** What is to be changed; without changes nothing is committed. */
export type Draft = {
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
};

/** Ten: each conflict means that another controller's change went through, and there are few controllers. */
const conflictsMax = 10;

/** What was changed is told and recorded, whether or not whoever asked for it still waits. */
const never = new AbortController().signal;

export class TrafficTruth {
  readonly #store: Store;
  readonly #outbox: EventOutbox;
  /** Hears every new reading. */
  readonly #onRead: (stored: StoredTraffic) => void;
  #stored: StoredTraffic = readStored([]);
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: Store, outbox: EventOutbox, onRead: (stored: StoredTraffic) => void) {
    this.#store = store;
    this.#outbox = outbox;
    this.#onRead = onRead;
  }

  /** As last read. */
  get stored(): StoredTraffic {
    return this.#stored;
  }

  /** @throws Failure `state.damaged` */
  async load(signal: AbortSignal): Promise<void> {
    await this.#inTurn(() => this.#read(signal));
  }

  /** Gives the archive what it did not take before. */
  async deliver(signal: AbortSignal): Promise<void> {
    await this.#inTurn(() => this.#outbox.deliver(signal));
  }

  /**
   * `decide` may be asked again, upon a newer state; it refuses by throwing. True when something was changed: it is
   * durable, and read back. @throws Failure `store.conflict`, and those of the store and of `decide`
   */
  change(decide: (stored: StoredTraffic) => Draft, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      for (let conflicts = 0; conflicts < conflictsMax; conflicts++) {
        await this.#refresh(signal);
        const draft = decide(this.#stored);
        if (draft.changes.length === 0) return false;
        if (await this.#commit(draft, signal)) {
          await this.#read(never);
          await this.#outbox.deliver(never);
          return true;
        }
      }
      throw new Failure(
        "store.conflict",
        `The traffic state was not changed: others changed it ${conflictsMax} times meanwhile`,
      );
    });
  }

  async #commit({ changes, events }: Draft, signal: AbortSignal): Promise<boolean> {
    const { modRevision } = this.#stored;
    const next = this.#stored.changes + 1;
    const unchanged: Compare =
      modRevision === undefined
        ? { key: changesKey, version: 0 }
        : { key: changesKey, modRevision };
    const all = [putChanges(next), ...changes, ...this.#outbox.puts(next, events)];
    const { succeeded } = await this.#store.commit([unchanged], all, signal);
    return succeeded;
  }

  /** Another controller, or a change of ours whose answer was lost, may have moved on. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const changes = await this.#store.get(changesKey, signal);
    if (changes?.modRevision !== this.#stored.modRevision) await this.#read(signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { entries } = await this.#store.list(trafficPrefix, signal);
    this.#stored = readStored(entries);
    this.#onRead(this.#stored);
  }

  /** One change after the other: two at once would only make each other's claims false. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
