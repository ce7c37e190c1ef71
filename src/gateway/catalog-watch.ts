/**
 * Keeps what is known of a database's catalog up to date with the instance here. A definition that went through this
 * gateway is looked at as soon as it is replayed; until then nobody can say what a text does, and reads go to the
 * writer. What anybody else defines is noticed within a second: a statement that turns into a write in between is
 * refused by the standby and sent to the writer, unless it catches that refusal itself.
 */
import type { Clock, Log } from "../env/env.ts";
import { describeError } from "../model/failure.ts";
import { Bell } from "../std/bell.ts";
import type { CatalogFacts } from "../sql/sql.ts";
import { laterToken, type Token } from "./token.ts";

export type CatalogWatchDoors = {
  readonly clock: Clock;
  readonly log: Log;
  /** There is an instance here to ask. */
  readonly hasLocal: () => boolean;
  /** Another text after every change. @throws Failure */
  readonly version: (signal: AbortSignal) => Promise<string>;
  /** @throws Failure */
  readonly facts: (signal: AbortSignal) => Promise<CatalogFacts>;
  /** Whether the instance here replays it in time. */
  readonly replayed: (token: Token, withinMs: number, signal: AbortSignal) => Promise<boolean>;
  readonly use: (facts: CatalogFacts) => void;
};

/** 1 s between looks whether anybody has changed it: some 1 ms of the server each. */
const lookEveryMs = 1_000;
/** 60 s: what the version does not count, PostgreSQL's own functions above all, hardly ever changes. */
const readEveryMs = 60_000;
/** 100 ms between two looks, however often it changes; and before there is an instance. */
const pauseMs = 100;

export class CatalogWatch {
  readonly #doors: CatalogWatchDoors;
  readonly #bell = new Bell();
  #changes = 0;
  /** How many of the changes what is known has seen. */
  #seen = 0;
  /** Where the last of them is in the WAL, as far as that is known. */
  #point: Token | undefined;
  #version: string | undefined;
  #readAtMs = -Infinity;

  constructor(doors: CatalogWatchDoors) {
    this.#doors = doors;
  }

  /** What is known has seen every definition that went through here. */
  get isCurrent(): boolean {
    return this.#seen === this.#changes;
  }

  /** A definition went through here. @param token of the writer after it; undefined where it is the writer that is asked */
  changed(token: Token | undefined): void {
    this.#changes += 1;
    if (token !== undefined) this.#point = laterToken(this.#point, token);
    this.#bell.ring();
  }

  /** The writer is another, and may have lost what was waited for. */
  moved(): void {
    this.#point = undefined;
    this.#bell.ring();
  }

  /** Looks until the end. Never rejects. */
  async run(end: AbortSignal): Promise<void> {
    const { clock, log, hasLocal } = this.#doors;
    while (!end.aborted) {
      try {
        if (hasLocal()) await this.#look(end);
      } catch (error) {
        log.debug("gateway.catalog-not-read", { error: describeError(error) });
      }
      await clock.sleep(pauseMs, end).catch(() => undefined);
      if (hasLocal()) await this.#pause(end);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, replayed, version, facts, use } = this.#doors;
    const [changes, point] = [this.#changes, this.#point];
    const isNew = changes !== this.#seen;
    if (isNew && point && !(await replayed(point, lookEveryMs, signal))) return this.#bell.ring();
    const found = await version(signal);
    const isOld = clock.monotonicMs() - this.#readAtMs >= readEveryMs;
    if (found !== this.#version || isOld) {
      use(await facts(signal));
      this.#version = found;
      this.#readAtMs = clock.monotonicMs();
    }
    this.#seen = changes;
    if (point === this.#point) this.#point = undefined;
  }

  async #pause(end: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([over.signal, end]);
    await Promise.race([
      this.#bell.rings(either),
      this.#doors.clock.sleep(lookEveryMs - pauseMs, either).catch(() => undefined),
    ]);
    over.abort(isOver);
  }
}

/** One for all: a reason of its own for each pause would cost a stack trace, and nobody reads it. */
const isOver = new Error("the pause is over");
