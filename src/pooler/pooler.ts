/** The PgBouncer of a Region: one real process, kept running, and kept in step with where the writers are. */
import { dirname, join } from "node:path";
import type { Clock, Log } from "../env/env.ts";
import { nodeFiles } from "../env/node/files.ts";
import { isProcessAlive, processBirth } from "../env/node/process-life.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { Backoff } from "../std/backoff.ts";
import type { PoolerSettings } from "../wire/program-settings.ts";
import { becauseCharsMax, type PoolerFacts } from "../wire/traffic-protocol.ts";
import { ConfigFiles, type Owner } from "./config-files.ts";
import { PgbouncerConsole } from "./console.ts";
import { PoolerController } from "./controller.ts";
import { answers } from "./gateway-probe.ts";
import { iniText, usersText } from "./ini.ts";
import { launch, type Launched, type Program } from "./launch.ts";
import { EventNews, type Hooks } from "./news.ts";
import { ProcessKeeper } from "./process-keeper.ts";
import { ProcessNote } from "./process-note.ts";
import type { Writer } from "./wanted.ts";

/** 2 s for statements that are under way when the Region stops; the servers need the rest of what it has to stop in. */
const leaveMsMax = 2_000;
/** From 1 s to a minute between searches for a program that could not be found: each may be a download. */
const findFirstMs = 1_000;
const findMsMax = 60_000;

/** PgBouncer refuses to run as root. */
export type Unprivileged = {
  /** Words before it on its command line. */
  readonly prefix: readonly string[];
  /** Whose its files have to be; undefined: our own user's. */
  readonly owner: Owner | undefined;
};

export type PoolerDoors = {
  readonly clock: Clock;
  readonly log: Log;
  /** Asked when the settings name none. @throws Failure when there is none to be had. */
  readonly findProgram: (signal: AbortSignal) => Promise<Program>;
  /** As whom `program` runs, with files of its own below `directory`. @throws Failure when it cannot run at all. */
  readonly unprivileged: (
    program: string,
    directory: string,
    signal: AbortSignal,
  ) => Promise<Unprivileged>;
};

type Starting = { readonly prepare: () => void; readonly launch: () => Launched };

type Parts = { readonly keeper: ProcessKeeper; readonly controller: PoolerController };

export class Pooler {
  readonly #doors: PoolerDoors;
  readonly #settings: PoolerSettings & { readonly region: RegionId };
  readonly #hooks: Hooks;
  readonly #keeping = new AbortController();
  readonly #note: ProcessNote;
  #parts: Parts | undefined;
  #running: Promise<void> = Promise.resolve();
  #writers: readonly Writer[] = [];
  #because = "it is being looked for";

  constructor(
    doors: PoolerDoors,
    settings: PoolerSettings & { readonly region: RegionId },
    hooks: Hooks,
  ) {
    this.#doors = doors;
    this.#settings = settings;
    this.#hooks = hooks;
    this.#note = new ProcessNote(nodeFiles, join(settings.directory, "pgbouncer-process.json"));
  }

  /** Where the writers are, as far as this Region has been told; acted upon at once. */
  follow(writers: readonly Writer[]): void {
    this.#writers = writers;
    this.#parts?.controller.follow(writers);
  }

  /** Keeps it running and in step until `signal` aborts. It goes on then, unless `leave` or `kill` was called. */
  run(signal: AbortSignal): Promise<void> {
    this.#running = this.#run(AbortSignal.any([signal, this.#keeping.signal]));
    return this.#running;
  }

  /** It lets statements that are under way end, and ends; one that does not in time, or when `signal` aborts, is killed. */
  async leave(signal: AbortSignal): Promise<void> {
    this.#keeping.abort(new Error("the Region stops"));
    // Whoever runs it hears of a bug; here it has to end all the same.
    await this.#running.catch(() => undefined);
    await (this.#parts?.keeper ?? this.#newKeeper(undefined)).end(leaveMsMax, signal);
  }

  /** At once, without waiting; it is not started again. */
  kill(): void {
    this.#keeping.abort(new Error("the agent ends"));
    (this.#parts?.keeper ?? this.#newKeeper(undefined)).kill();
  }

  facts(): PoolerFacts {
    const facts = this.#parts?.controller.facts;
    const because = this.#because.slice(0, becauseCharsMax);
    return facts ?? { isRunning: false, isInStep: false, because, databases: [], moves: 0 };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const parts = await this.#open(signal);
    if (!parts) return;
    this.#parts = parts;
    parts.controller.follow(this.#writers);
    await Promise.all([parts.keeper.run(signal), parts.controller.run(signal)]);
  }

  /** Undefined: `signal` aborted before it was found. */
  async #open(signal: AbortSignal): Promise<Parts | undefined> {
    const { clock, log } = this.#doors;
    const backoff = new Backoff(findFirstMs, findMsMax);
    while (!signal.aborted) {
      try {
        return await this.#find(signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof Failure)) throw error;
        const because = describeError(error);
        if (because !== this.#because) log.error("pooler.program-missing", { because });
        this.#because = because;
        this.#hooks.changed();
      }
      await clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
    return undefined;
  }

  async #find(signal: AbortSignal): Promise<Parts> {
    const { bin, directory } = this.#settings;
    const { findProgram, unprivileged } = this.#doors;
    const program = bin === undefined ? await findProgram(signal) : programAt(bin);
    nodeFiles.makeDirectory(directory, 0o700);
    const user = await unprivileged(program.path, dirname(directory), signal);
    signal.throwIfAborted();
    const files = new ConfigFiles(directory, user.owner);
    const starting: Starting = {
      prepare: () => controller.prepare(),
      launch: () => launch(program, user.prefix, files.iniPath),
    };
    const keeper = this.#newKeeper(starting);
    const controller = this.#newController(files, keeper);
    return { keeper, controller };
  }

  #newController(files: ConfigFiles, keeper: ProcessKeeper): PoolerController {
    const { clock, log } = this.#doors;
    const { address, adminPassword, names, users, region, pauseMs } = this.#settings;
    const ini = { ...this.#settings, usersPath: files.usersPath };
    return new PoolerController(
      {
        clock,
        log,
        console: new PgbouncerConsole(address, adminPassword),
        files,
        probe: (at, asked) => answers(at, clock, asked),
        isProcessAlive: () => keeper.pid !== undefined,
        howItEnded: () => keeper.lastEnd,
        hangs: () => {
          log.error("pooler.process-hangs", { pid: keeper.pid });
          keeper.kill();
        },
        news: new EventNews(this.#hooks, region, names),
      },
      {
        place: this.#settings,
        pauseMs,
        textsOf: (lines) => ({
          ini: iniText(ini, lines),
          users: usersText(users, { password: adminPassword }),
        }),
      },
    );
  }

  /** One that starts nothing still ends what an earlier one has started. */
  #newKeeper(starting: Starting | undefined): ProcessKeeper {
    const { clock, log } = this.#doors;
    const none = { pid: undefined, ended: Promise.resolve("it is not to be started") };
    return new ProcessKeeper({
      clock,
      log,
      note: this.#note,
      prepare: () => starting?.prepare(),
      launch: () => starting?.launch() ?? none,
      birthOf: processBirth,
      isAlive: isProcessAlive,
      send: sendSignal,
    });
  }
}

/** @throws Failure `service.program-missing` */
function programAt(path: string): Program {
  if (nodeFiles.exists(path)) return { path, environment: [] };
  throw new Failure("service.program-missing", `There is no PgBouncer at ${path} (pgbouncer.bin)`);
}

function sendSignal(pid: number, name: "SIGINT" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}
