/** The loop: looks at PgBouncer and its files, asks `decide`, does the one step, and looks again. */
import type { Clock, Log } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import { describeError, Failure } from "../model/failure.ts";
import { Backoff } from "../std/backoff.ts";
import { Bell } from "../std/bell.ts";
import { becauseCharsMax, type PoolerFacts } from "../wire/traffic-protocol.ts";
import { Aim } from "./aim.ts";
import type { ConfigTexts } from "./config-files.ts";
import type { Console } from "./console.ts";
import { decide, type Decision, type View } from "./decide.ts";
import { areSame, lineOf, type Line, type RunningLine } from "./line.ts";
import type { PoolerNews } from "./news.ts";
import { Pauses, type PauseEnd } from "./pauses.ts";
import { readDatabases } from "./read-ini.ts";
import { evictLost, type Prober } from "./evict-lost.ts";
import type { Place, Writer } from "./wanted.ts";

/** 5 s: what was told is acted upon at once; this finds what nobody tells, such as a file that a person has changed. */
const reconcileMs = 5_000;
/** 1 s while somebody still uses a server of a gateway that the name has left. */
const staleLookMs = 1_000;
/** From 20 ms to 1 s between looks at a console that does not answer: PgBouncer starts in 10 ms. */
const answerFirstMs = 20;
const answerMsMax = 1_000;
/** From 200 ms to 5 s after a step that failed. */
const retryFirstMs = 200;
const retryMsMax = 5_000;
/** Far more steps than a move takes (four) with what comes in between; who needs more is going round in circles. */
const stepsMax = 20;
/** 15 s from the first question that the console of a process that lives did not answer, with more each second: it hangs. */
const hangMsMax = 15_000;

export type ControllerDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly console: Console;
  readonly files: {
    readIni(): string | undefined;
    say(texts: ConfigTexts): boolean;
    write(texts: ConfigTexts): void;
  };
  readonly probe: Prober;
  readonly isProcessAlive: () => boolean;
  /** The one before; undefined while none has ended. */
  readonly howItEnded: () => string | undefined;
  /** Its process lives and does not answer. */
  readonly hangs: () => void;
  readonly news: PoolerNews;
};

export type ControllerSettings = {
  readonly place: Place;
  /** The longest wait for open transactions, in ms. */
  readonly pauseMs: number;
  readonly textsOf: (lines: readonly Line[]) => ConfigTexts;
};

export class PoolerController {
  readonly #doors: ControllerDoors;
  readonly #settings: ControllerSettings;
  readonly #bell = new Bell();
  readonly #aim: Aim;
  readonly #pauses: Pauses;
  #hasReadFile = false;
  /** What we wrote last: whatever else the files say is somebody else's work. */
  #written: ConfigTexts | undefined;
  /** Not since its last answer: the machine may have slept between the two. */
  #silentSinceMs: number | undefined;
  #pauseEnd: PauseEnd = "quiet";
  #facts: PoolerFacts;

  constructor(doors: ControllerDoors, settings: ControllerSettings) {
    this.#doors = doors;
    this.#settings = settings;
    const said = readDatabases(doors.files.readIni() ?? "");
    this.#aim = new Aim(settings.place, said);
    this.#pauses = new Pauses(doors, settings.pauseMs);
    const because = "it is being started";
    this.#facts = { isRunning: false, isInStep: false, because, databases: [...said], moves: 0 };
  }

  get facts(): PoolerFacts {
    return this.#facts;
  }

  follow(writers: readonly Writer[]): void {
    this.#aim.follow(writers);
    this.#bell.ring();
  }

  /** Before a start: what it reads then is right. @throws Failure `state.not-writable`, `disk.full` */
  prepare(): void {
    this.#aim.look(this.#doors.clock.monotonicMs());
    this.#write();
    this.#bell.ring();
  }

  /** Until `signal` aborts; nothing is left paused then. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#loop(signal);
    } finally {
      await this.#pauses.undo();
      this.#doors.console.close();
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#doors;
    const retry = new Backoff(retryFirstMs, retryMsMax);
    const answer = new Backoff(answerFirstMs, answerMsMax);
    let lastFailure = "";
    let steps = 0;
    while (!signal.aborted) {
      let restMs = 0;
      try {
        const decision = await this.#step(signal);
        steps = decision.kind === "rest" || decision.kind === "wait" ? 0 : steps + 1;
        if (steps > stepsMax) throw circling(decision);
        if (decision.kind === "wait") restMs = answer.nextMs();
        else answer.reset();
        if (decision.kind === "rest") {
          restMs = await this.#rest(signal);
          retry.reset();
          lastFailure = "";
        }
      } catch (error) {
        await this.#pauses.undo();
        if (signal.aborted) return;
        if (!(error instanceof Failure)) throw error;
        const because = describeError(error);
        this.#tell({ isInStep: false, because });
        // The same words once: it is tried again for as long as it takes.
        if (because !== lastFailure) log.warn("pooler.step-failed", { because });
        lastFailure = because;
        steps = 0;
        restMs = retry.nextMs();
      }
      if (restMs > 0) await pause(clock, this.#bell, restMs, signal);
    }
  }

  /** Decides the next step and does it. */
  async #step(signal: AbortSignal): Promise<Decision> {
    const running = await this.#ask();
    if (!running) this.#pauses.forget();
    if (!this.#pauses.isMoving) this.#aim.look(this.#doors.clock.monotonicMs());
    const view: View = {
      wanted: this.#aim.lines,
      fileIsRight: this.#doors.files.say(this.#texts),
      hasReadFile: this.#hasReadFile,
      running,
      pausedByUs: this.#pauses.names,
    };
    const decision = decide(view);
    if (decision.kind !== "rest") {
      const because = decision.kind === "wait" ? this.#silence(decision) : decision.because;
      this.#tell({ isRunning: running !== undefined, isInStep: false, because });
      this.#doors.log.debug("pooler.step-decided", { ...decision });
    }
    await this.#act(decision, running ?? [], signal);
    return decision;
  }

  async #act(
    decision: Decision,
    running: readonly RunningLine[],
    signal: AbortSignal,
  ): Promise<void> {
    const { console, news } = this.#doors;
    switch (decision.kind) {
      case "rest":
        return this.#settle();
      case "wait":
        return this.#suspect();
      case "write": {
        const wasOurs = this.#written !== undefined && areEqual(this.#written, this.#texts);
        this.#write();
        return wasOurs ? news.mended() : undefined;
      }
      case "reload":
        await console.reload();
        await this.#verify();
        this.#hasReadFile = true;
        return undefined;
      case "pause":
        this.#pauseEnd = await this.#pauses.pause(
          decision.names.flatMap((name) => lineOf(running, name) ?? []),
          signal,
        );
        return undefined;
      case "resume":
        for (const name of decision.names) await console.resume(name);
        return news.resumed(decision.names);
      case "release":
        return this.#pauses.release();
    }
  }

  /** Undefined: it does not answer. @throws Failure `pooler.unsupported` when its answer makes no sense. */
  async #ask(): Promise<readonly RunningLine[] | undefined> {
    const { console, clock, isProcessAlive } = this.#doors;
    try {
      const running = await console.databases();
      this.#silentSinceMs = undefined;
      return running;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "pooler.console-failed") throw error;
      this.#silentSinceMs = isProcessAlive()
        ? (this.#silentSinceMs ?? clock.monotonicMs())
        : undefined;
      // It may be another process that answers next, which has read the files as they are then.
      this.#hasReadFile = false;
      return undefined;
    }
  }

  #silence({ because }: Decision): string {
    const how = this.#doors.howItEnded();
    return how === undefined ? because : `${because}; its process ended before: ${how}`;
  }

  #suspect(): void {
    const { clock, hangs } = this.#doors;
    const sinceMs = this.#silentSinceMs;
    if (sinceMs === undefined || clock.monotonicMs() - sinceMs < hangMsMax) return;
    this.#silentSinceMs = undefined;
    hangs();
  }

  /** @throws Failure `pooler.not-in-step` */
  async #verify(): Promise<void> {
    const running = await this.#doors.console.databases();
    const byName = this.#aim.lines.flatMap(({ name }) => lineOf(running, name) ?? []);
    if (areSame(this.#aim.lines, byName)) return;
    const message =
      "PgBouncer was told to read its file, and its databases lead elsewhere than it says";
    throw new Failure("pooler.not-in-step", message);
  }

  #settle(): void {
    const { clock, news } = this.#doors;
    const { moves, ms } = this.#aim.settle(clock.monotonicMs());
    for (const move of moves) news.moved(move, { ms, pauseEnd: this.#pauseEnd });
    this.#pauseEnd = "quiet";
    this.#tell({
      isRunning: true,
      isInStep: true,
      because: "it does what its file says",
      databases: [...this.#aim.lines],
      moves: this.#facts.moves + moves.length,
    });
  }

  /** How long to rest, in ms. */
  async #rest(signal: AbortSignal): Promise<number> {
    const left = await evictLost(this.#aim.lines, this.#doors, signal);
    return left > 0 ? staleLookMs : reconcileMs;
  }

  #write(): void {
    const texts = this.#texts;
    this.#doors.files.write(texts);
    this.#written = texts;
    this.#hasReadFile = false;
    this.#tell({ databases: [...this.#aim.lines] });
  }

  get #texts(): ConfigTexts {
    return this.#settings.textsOf(this.#aim.lines);
  }

  #tell(facts: Partial<PoolerFacts>): void {
    const before = this.#facts;
    const next = { ...before, ...facts };
    this.#facts = { ...next, because: next.because.slice(0, becauseCharsMax) };
    if (JSON.stringify(before) !== JSON.stringify(this.#facts)) this.#doors.news.changed();
  }
}

function circling({ kind }: Decision): Failure {
  const message = `PgBouncer is not in step after ${stepsMax} steps, the last of which was to ${kind}`;
  return new Failure("pooler.not-in-step", message);
}

function areEqual(some: ConfigTexts, others: ConfigTexts): boolean {
  return some.ini === others.ini && some.users === others.users;
}
