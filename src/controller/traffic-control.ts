/**
 * The controller's part of traffic: one state made of what people set, where the writers are, and how the services are;
 * how many replicas there are to be; and who is told.
 */
import type { Archive } from "../archive/archive.ts";
import type { DatabaseController } from "../database/controller.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import { describeError } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import { TrafficBoard } from "../routing/traffic-board.ts";
import { Scaler } from "../scaling/scaler.ts";
import { AssertionError } from "../std/assert.ts";
import { onAbort } from "../std/on-abort.ts";
import type { Store } from "../store/store.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import type { RegionFacts } from "../wire/traffic-protocol.ts";
import { namedDatabases } from "./named-databases.ts";
import { silentMs, TrafficDesk } from "./traffic-desk.ts";
import { reportAgeMsMax } from "./writer-answers.ts";

/** 1 s between looks at names and at who is silent; changes of databases ring before. */
const lookMs = 1_000;
/** 250 ms: a Region that falls silent is noticed within this, on top of the silence. */
const silenceLookMs = 250;

/** One for all: nobody reads it. */
const isOver = new Error("it is looked again");

export type TrafficDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly store: Store;
  readonly archive: Archive;
  readonly databases: DatabaseController;
};

export class TrafficControl {
  readonly board: TrafficBoard;
  readonly scaler: Scaler;
  readonly desk: TrafficDesk;
  readonly #doors: TrafficDoors;
  readonly #regions: readonly RegionId[];
  /** The version of each database's names that every Region has verified. */
  readonly #verified = new Map<string, number>();
  /** Since when a Region's agent says that no front door serves there. Monotonic. */
  readonly #frontless = new Map<RegionId, number>();
  readonly #startedMs: number;

  constructor(doors: TrafficDoors, settings: ControllerSettings["traffic"], term: number) {
    const { clock, log, store } = doors;
    this.#doors = doors;
    this.#startedMs = clock.monotonicMs();
    this.#regions = settings.regions.map(({ region }) => region);
    this.board = new TrafficBoard(doors, settings, term);
    this.scaler = new Scaler(
      {
        clock,
        log,
        store,
        replicasIn: (region) => this.desk.factsOf(region)?.replicas,
        tell: (event) => this.tell(event),
        changed: () => this.desk.changed(),
      },
      settings.services,
    );
    this.desk = new TrafficDesk({
      clock,
      state: () => this.board.state,
      targets: (region) => this.scaler.targets(region),
      told: (region, facts) => this.#told(region, facts),
    });
  }

  /** Comes before all other methods. @throws Failure of the store */
  async load(signal: AbortSignal): Promise<void> {
    await this.board.load(signal);
    await this.scaler.load(signal);
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.scaler.run(signal),
      this.#followDatabases(signal),
      this.#watchSilence(signal),
      this.#tellForever(signal),
    ]);
  }

  /** The Region was switched off, or lost: nobody has to wait until it has been silent for long. */
  forgetRegion(region: RegionId): void {
    this.desk.forget(region);
    this.#frontless.delete(region);
    this.board.noteHealth(region, "lost");
  }

  /** For the archive. Never rejects. */
  async tell(event: NewEvent): Promise<void> {
    const { archive, log } = this.#doors;
    const never = new AbortController().signal;
    await archive.append(event, never).catch((error: unknown) => {
      log.error("controller.event-lost", { kind: event.kind, error: describeError(error) });
    });
  }

  /** Names follow the writers at once, and once a second whatever was missed. */
  async #followDatabases(signal: AbortSignal): Promise<void> {
    const { databases, clock } = this.#doors;
    let change = 0;
    while (!signal.aborted) {
      await this.#attempt("names", () => this.moveNames(signal), signal);
      await this.#attempt("house", () => this.board.keepHouse(signal), signal);
      // Not AbortSignal.any: each one costs a weak reference on a signal that outlives all of these waits.
      const over = new AbortController();
      const forget = onAbort(signal, () => over.abort(isOver));
      const slept = clock.sleep(lookMs, over.signal).catch(() => change);
      const next = await Promise.race([databases.changed(change, over.signal), slept]);
      forget();
      over.abort(isOver);
      if (typeof next === "number") change = next;
    }
  }

  /** Where every database's names are to lead now; settles when they do. @throws Failure of the store */
  moveNames(signal: AbortSignal): Promise<readonly DatabaseNames[]> {
    const { clock, databases } = this.#doors;
    const look = (): ReturnType<typeof namedDatabases> =>
      namedDatabases(databases.snapshots(), {
        isNew: clock.monotonicMs() - this.#startedMs <= reportAgeMsMax,
      });
    return this.board.reconcileNames(look, signal);
  }

  async #watchSilence(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    // A controller that has just started has heard nobody, and says nothing of anybody.
    await clock.sleep(silentMs, signal).catch(() => undefined);
    while (!signal.aborted) {
      for (const region of this.#regions) {
        if (this.#isLost(region)) this.board.noteHealth(region, "lost");
      }
      await clock.sleep(silenceLookMs, signal).catch(() => undefined);
    }
  }

  /** Nobody there can be heard, or nobody there lets anybody in: an agent alone serves no request. */
  #isLost(region: RegionId): boolean {
    if (this.desk.factsOf(region) === undefined) return true;
    const sinceMs = this.#frontless.get(region);
    return sinceMs !== undefined && this.#doors.clock.monotonicMs() - sinceMs > silentMs;
  }

  /** Whoever waits at the desk hears of each newer state. */
  async #tellForever(signal: AbortSignal): Promise<void> {
    // Whatever changed before this began is news as well.
    let revision = 0;
    while (!signal.aborted) {
      const state = await this.board.untilNewer(revision, lookMs, signal);
      if (state.revision === revision) continue;
      revision = state.revision;
      this.desk.changed();
    }
  }

  #told(region: RegionId, { front, names }: RegionFacts): void {
    if (front) {
      this.#frontless.delete(region);
      this.board.noteHealth(region, front.services);
    } else if (!this.#frontless.has(region)) {
      this.#frontless.set(region, this.#doors.clock.monotonicMs());
    }
    for (const { database, version, isVerified } of names) {
      if (isVerified && this.#verified.get(database) !== version) this.#noteVerified(database);
    }
  }

  /** Once for each move: every Region that can be heard has resolved the names, and connected. */
  #noteVerified(database: string): void {
    const names = this.board.state.names.find((one) => one.database === database);
    if (!names || this.#verified.get(database) === names.version) return;
    const checks = this.#regions.flatMap((region) => {
      const facts = this.desk.factsOf(region);
      return facts ? [facts.names.find((check) => check.database === database)] : [];
    });
    if (!checks.every((check) => check?.isVerified && check.version === names.version)) return;
    this.#verified.set(database, names.version);
    const { writer } = names;
    void this.tell({
      kind: "names.verified",
      message: `The names of ${database} lead to where they should in every Region that can be heard.`,
      region: writer,
      database: names.database,
      details: {
        version: names.version,
      },
    });
  }

  async #attempt(what: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    await work().catch((error: unknown) => {
      if (error instanceof AssertionError) throw error;
      if (signal.aborted) return;
      this.#doors.log.error("controller.traffic-failed", { what, error: describeError(error) });
    });
  }
}
