/** The processes of one replica, from the first that was started to whatever that brought forth. */
import { spawn } from "node:child_process";
import type { Clock } from "../env/env.ts";
import { identify, isAlive, type ProcessId } from "../env/node/process-id.ts";
import { CpuMeter } from "./cpu-use.ts";
import type { Launch } from "./launch.ts";
import { familyOf, markedProcesses, readProcessTable, type TableRow } from "./process-table.ts";
import { closeLog, openLog } from "./replica-log.ts";

/** 20 ms between kills of what is still there. */
const killLookMs = 20;
/** 5 s for what was killed to be gone: a process that hangs in the kernel is not waited for any longer. */
const killMsMax = 5_000;

export type ReplicaStart = {
  readonly mark: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
  readonly logPath: string;
  /** Where in the log its own words begin; undefined: they are not known from those before. */
  readonly logFrom: number | undefined;
};

export class ReplicaProcess {
  readonly id: ProcessId;
  readonly begin: ReplicaStart;
  readonly #cpu = new CpuMeter();
  /** Of a child of ours that has ended. */
  #ending: string | undefined;
  #isChild = false;
  #known: readonly ProcessId[] = [];

  private constructor(id: ProcessId, begin: ReplicaStart) {
    this.id = id;
    this.begin = begin;
  }

  /**
   * Starts it in a session and a group of its own, its output in the log; it reads nothing, and goes on without us.
   * When it could not be started, the answer is a promise of why, as a clause.
   * @param ended is called when the first process has ended.
   */
  static start(
    launch: Launch,
    begin: ReplicaStart,
    ended: () => void,
  ): ReplicaProcess | Promise<string> {
    const [program = "", ...args] = launch.command;
    const log = openLog(begin.logPath);
    try {
      const child = spawn(program, args, {
        cwd: launch.workingDirectory,
        env: Object.fromEntries(launch.environment.map(({ name, value }) => [name, value])),
        detached: true,
        stdio: ["ignore", log, log],
      });
      if (child.pid === undefined) {
        const what = `${program} could not be started in ${launch.workingDirectory}`;
        return new Promise((resolve) => {
          child.once("error", ({ message }) => resolve(`${what}: ${message}`));
        });
      }
      child.unref();
      const id = identify(child.pid) ?? { pid: child.pid, born: "" };
      const started = new ReplicaProcess(id, begin);
      started.#isChild = true;
      child.once("exit", (code, name) => {
        started.#ending =
          code === null ? `was ended by ${name ?? "a signal"}` : `exited with code ${code}`;
        ended();
      });
      return started;
    } finally {
      closeLog(log);
    }
  }

  /** One that an earlier agent started. */
  static adopt({ pid, born }: ProcessId, begin: ReplicaStart): ReplicaProcess {
    return new ReplicaProcess({ pid, born }, begin);
  }

  get isAlive(): boolean {
    // Of a child we are told, and then also how it ended.
    return this.tellsItsEnd ? this.#ending === undefined : isAlive(this.id);
  }

  /** `ended` is called: nobody need look. */
  get tellsItsEnd(): boolean {
    return this.#isChild;
  }

  /** How the first process ended, as a clause. */
  get ending(): string {
    return this.#ending ?? "is gone";
  }

  /** Thousandths of a core; undefined before the second look. */
  get cpuMillis(): number | undefined {
    return this.#cpu.millis;
  }

  /** Notes what all of it has used, and who belongs to it: one may lose its parent before it is looked for. */
  look(table: readonly TableRow[], atMs: number): void {
    const family = this.#gather(table);
    this.#cpu.heard({ atMs, ticks: family.reduce((sum, { ticks }) => sum + ticks, 0) });
  }

  /** Anything of it lives. Reads the table of all processes. */
  get hasFamily(): boolean {
    if (process.platform !== "linux") return this.isAlive || signalGroup(this.id.pid, 0);
    return this.#family().length > 0;
  }

  /** To everything of it, wherever it went. */
  signal(name: "SIGTERM" | "SIGKILL"): void {
    if (process.platform !== "linux") {
      signalGroup(this.id.pid, name);
      return;
    }
    for (const one of this.#family()) signalOne(one, name);
  }

  /**
   * SIGKILL, again and again: what is being forked at one look is found by the next.
   * @returns whether all of it is gone.
   */
  async endAll(clock: Clock, signal: AbortSignal): Promise<boolean> {
    const untilMs = clock.monotonicMs() + killMsMax;
    while (this.hasFamily) {
      if (clock.monotonicMs() >= untilMs) return false;
      this.signal("SIGKILL");
      await clock.sleep(killLookMs, signal);
    }
    return true;
  }

  /** By where they stand, by descent, and by the mark that they inherited: a daemon has left the other two behind. */
  #family(): readonly ProcessId[] {
    this.#gather(readProcessTable());
    const marked = markedProcesses(this.begin.mark);
    const fresh = marked.filter(({ pid }) => !this.#known.some((one) => one.pid === pid));
    this.#known = [...this.#known, ...fresh.map(({ pid, born }) => ({ pid, born }))];
    return this.#known.filter(isAlive);
  }

  #gather(table: readonly TableRow[]): readonly TableRow[] {
    const family = familyOf(this.id, this.#known, table);
    this.#known = family.map(({ pid, born }) => ({ pid, born }));
    return family;
  }
}

export function signalOne(one: ProcessId, name: "SIGTERM" | "SIGKILL"): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, name);
  } catch {
    // It ended by itself in between.
  }
}

function signalGroup(group: number, name: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    process.kill(-group, name);
    return true;
  } catch {
    // The whole group has ended.
    return false;
  }
}
