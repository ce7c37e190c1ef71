/**
 * One child program of the supervisor (controller, network): started, restarted with back-off when it dies,
 * stopped when asked.
 */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import type { Duplex } from "node:stream";
import type { Clock, Json, Log } from "../env/env.ts";
import { withDeadline } from "../env/deadline.ts";
import { lifelineDescriptor, Lifeline } from "../env/node/lifeline.ts";
import { describeError, Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import { closeLog, openLog } from "./log-file.ts";
import { RestartPace } from "./restart-pace.ts";

/** 10 s for a clean end, then SIGKILL. */
const stopTimeoutMs = 10_000;

export type ProgramSpec = {
  readonly name: string;
  readonly command: readonly string[];
  readonly logPath: string;
  readonly environment: Readonly<Record<string, string>>;
};

export type ProgramHooks = {
  readonly onMessage: (message: Json) => void;
  /** Started anew: whatever was said over the old lifeline is forgotten. */
  readonly onStart: () => void;
};

export class Program {
  readonly #spec: ProgramSpec;
  readonly #hooks: ProgramHooks;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pace: RestartPace;
  #child: ChildProcess | undefined;
  #lifeline: Lifeline | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(spec: ProgramSpec, hooks: ProgramHooks, doors: { clock: Clock; log: Log }) {
    this.#spec = spec;
    this.#hooks = hooks;
    this.#clock = doors.clock;
    this.#log = doors.log.child({ program: spec.name });
    this.#pace = new RestartPace(doors.clock);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** A message to a program that does not run now is dropped; what it has to know is said in `onStart`. */
  send(message: Json): void {
    this.#lifeline?.send(message);
  }

  /** Keeps the program running until `signal` aborts, then kills it. `stop` ends it cleanly before that. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isStopping) {
      this.#pace.started();
      // A log that cannot be opened, or no process to be had: the next try may find it mended.
      const how = await this.#runOnce(signal).catch(describeError);
      if (signal.aborted || this.#isStopping) return;
      const waitMs = this.#pace.nextMs();
      this.#log.warn("supervisor.program-ended", { how, restartInMs: waitMs });
      await this.#clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** Ends it cleanly, or with SIGKILL when that takes too long; it is not started again. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child) return;
    this.send({ kind: "stop" });
    const never = new AbortController().signal;
    const expired = (): Error => new Error(`it did not end within ${stopTimeoutMs} ms`);
    const deadline = { ms: stopTimeoutMs, expired };
    await withDeadline(this.#clock, deadline, never, () => this.#ended).catch((error: unknown) => {
      this.#log.error("supervisor.program-stop-failed", { error: describeError(error) });
      child.kill("SIGKILL");
    });
    await this.#ended;
  }

  async #runOnce(signal: AbortSignal): Promise<string> {
    const child = spawnLogged(this.#spec, []);
    this.#child = child;
    const ended = new Promise<string>((resolve) => {
      child.on("error", (error) => resolve(`it could not be started: ${error.message}`));
      child.on("exit", (code, name) => resolve(name ? `killed by ${name}` : `exit code ${code}`));
    });
    this.#ended = ended;
    const stream = child.stdio[lifelineDescriptor] as Duplex | undefined | null;
    if (stream) this.#lifeline = new Lifeline(stream, this.#hooks.onMessage);
    this.#hooks.onStart();
    // A child that could not be started has no number, and a signal to it would go to our own group.
    const kill = (): void => void (child.pid !== undefined && child.kill("SIGKILL"));
    signal.addEventListener("abort", kill, { once: true });
    const how = await ended;
    signal.removeEventListener("abort", kill);
    this.#lifeline?.close();
    this.#lifeline = undefined;
    this.#child = undefined;
    return how;
  }
}

/** Starts a process in a session of its own (a Ctrl-C is the supervisor's alone), with its output in its log. */
export function spawnLogged(
  spec: ProgramSpec,
  extra: readonly ("pipe" | "ignore")[],
): ChildProcess {
  const [command, ...args] = spec.command;
  assert(command !== undefined, "a program has a command");
  const log = openLog(spec.logPath);
  try {
    const input = extra.length > 0 ? "pipe" : "ignore";
    const stdio: StdioOptions = [input, log, log, "pipe", ...extra];
    return spawn(command, args, { stdio, detached: true, env: { ...spec.environment } });
  } catch (cause) {
    throw new Failure("world.start-failed", `Could not start ${spec.name} (${command})`, { cause });
  } finally {
    closeLog(log);
  }
}
