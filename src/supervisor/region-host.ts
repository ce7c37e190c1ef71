/**
 * One Region of the local world: the process that holds everything in it, and the agent inside. The agent is
 * started again when it dies; the Region as a whole only when a person says so.
 */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Duplex, Readable, Writable } from "node:stream";
import type { Clock, Log } from "../env/env.ts";
import { withDeadline } from "../env/deadline.ts";
import { Lifeline, lifelineDescriptor } from "../env/node/lifeline.ts";
import { describeError, Failure } from "../model/failure.ts";
import type { PowerState } from "../model/power.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import { allGone, descendantsOf, freeze, signalAll } from "./descendants.ts";
import { statusDescriptor } from "./isolation.ts";
import type { ProcessId } from "../env/node/process-id.ts";
import { spawnLogged, type ProgramSpec } from "./program.ts";
import { RestartPace } from "./restart-pace.ts";

/** 40 s for services, gateway and every PostgreSQL of a Region to stop cleanly, then everything in it is killed. */
const stopTimeoutMs = 40_000;
/** 5 s: the kernel needs some 20 ms; more means that a process hangs in the kernel. */
const killTimeoutMs = 5_000;

export type RegionDoors = { readonly clock: Clock; readonly log: Log };

export class RegionHost {
  readonly region: RegionId;
  readonly #spec: ProgramSpec;
  readonly #doors: RegionDoors;
  readonly #strays: () => readonly number[];
  readonly #changed: () => void;
  #child: ChildProcess | undefined;
  #lifeline: Lifeline | undefined;
  #gone: Promise<unknown> = Promise.resolve();
  #state: PowerState = "stopped";
  #agentRuns = false;
  #pace: RestartPace;
  /** Aborts when the host of now has ended. */
  #life = new AbortController();

  /**
   * `strays` names processes of the Region that are no descendants of its host (without PID namespaces);
   * `changed` is called when the Region was lost without anybody here asking for it.
   */
  constructor(
    region: RegionId,
    spec: ProgramSpec,
    doors: RegionDoors,
    hooks: { readonly strays: () => readonly number[]; readonly changed: () => void },
  ) {
    this.region = region;
    this.#spec = spec;
    this.#doors = { ...doors, log: doors.log.child({ region }) };
    this.#strays = hooks.strays;
    this.#changed = hooks.changed;
    this.#pace = new RestartPace(doors.clock);
  }

  get state(): PowerState {
    return this.#state;
  }

  /** A no-op when it runs. @throws Failure `region.busy` while it still ends, `world.start-failed` */
  start(): void {
    if (this.#child && this.#state === "running") return;
    if (this.#child)
      throw new Failure("region.busy", `Region ${this.region} has not ended yet; nothing was done`);
    const child = spawnLogged(this.#spec, ["pipe"]);
    this.#child = child;
    this.#state = "running";
    this.#pace = new RestartPace(this.#doors.clock);
    this.#life = new AbortController();
    this.#gone = new Promise((resolve) => {
      child.on("exit", resolve);
      child.on("error", resolve);
    }).then(() => this.#ended(child));
    this.#lifeline = new Lifeline(child.stdio[lifelineDescriptor] as Duplex, () => undefined);
    const input = child.stdin as Writable;
    input.on("error", () => undefined);
    const statuses = createInterface({ input: child.stdio[statusDescriptor] as Readable });
    // Of the stream: the host has died, which `exit` tells.
    statuses.on("error", () => undefined);
    statuses.on("line", (status) => this.#agentEnded(child, input, status));
    this.#startAgent(input);
  }

  /** SIGKILL of everything in the Region; settles when every process is gone. */
  async kill(): Promise<void> {
    this.#state = "killed";
    await this.#destroy();
  }

  /** Stops every instance cleanly, then the Region. Without an agent there is nobody to do so: it is killed. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    if (!this.#child) return;
    if (!this.#agentRuns) return this.#destroy();
    this.#lifeline?.send({ kind: "stop" });
    const never = new AbortController().signal;
    const expired = (): Error => new Error(`it did not stop within ${stopTimeoutMs} ms`);
    await withDeadline(
      this.#doors.clock,
      { ms: stopTimeoutMs, expired },
      never,
      () => this.#gone,
    ).catch((error: unknown) => {
      this.#doors.log.error("supervisor.region-stop-failed", { error: describeError(error) });
      return this.#destroy();
    });
  }

  /** First nothing moves any more, then everything dies: a process that still forks would get away. */
  async #destroy(): Promise<void> {
    const doomed = freeze(() => this.#processes());
    signalAll(doomed, "SIGKILL");
    const expired = (): Failure => {
      const message = `Processes of ${this.region} outlived SIGKILL for ${killTimeoutMs} ms`;
      return new Failure("region.busy", message);
    };
    const { clock } = this.#doors;
    const never = new AbortController().signal;
    await withDeadline(clock, { ms: killTimeoutMs, expired }, never, async (signal) => {
      await allGone(doomed, clock, signal);
      await this.#gone;
    });
  }

  /** Strays also when the host is gone: where there are no PID namespaces they outlive it. */
  #processes(): readonly ProcessId[] {
    const pid = this.#child?.pid;
    return [...(pid === undefined ? [] : [pid]), ...this.#strays()].flatMap(descendantsOf);
  }

  #agentEnded(child: ChildProcess, input: Writable, status: string): void {
    if (this.#child !== child) return;
    this.#agentRuns = false;
    if (this.#state !== "running") {
      // The agent ended because it was told to: the host has nothing left to hold.
      input.end();
      return;
    }
    const waitMs = this.#pace.nextMs();
    this.#doors.log.warn("supervisor.agent-ended", { status, restartInMs: waitMs });
    void this.#restart(child, input, waitMs);
  }

  async #restart(child: ChildProcess, input: Writable, waitMs: number): Promise<void> {
    await this.#doors.clock.sleep(waitMs, this.#life.signal).catch(() => undefined);
    if (this.#child === child && this.#state === "running") this.#startAgent(input);
  }

  #startAgent(input: Writable): void {
    this.#agentRuns = true;
    this.#pace.started();
    input.write("start\n");
  }

  #ended(child: ChildProcess): void {
    assert(this.#child === child, "one host at a time");
    this.#lifeline?.close();
    this.#lifeline = undefined;
    this.#child = undefined;
    this.#life.abort();
    if (this.#state !== "running") return;
    // Nobody asked for it: somebody killed the host from outside. It counts as a lost Region.
    this.#state = "killed";
    this.#doors.log.error("supervisor.region-lost", {});
    this.#changed();
  }
}
