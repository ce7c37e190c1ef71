/** A program of the Region that outlives its agent, as the agent has it: kept running, answered, let go. */
import type { Clock, Json, Log, Network } from "../env/env.ts";
import { spawnDetached } from "../env/node/detached.ts";
import { isProcessAlive, killProcess } from "../env/node/process-life.ts";
import type { AgentSettings } from "../wire/program-settings.ts";
import { CompanionKeeper, type Caller } from "./companion-keeper.ts";
import { listenUntilDone } from "./listen-until-done.ts";

export type CompanionDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
};

/** Where it asks. */
export type CompanionDesk = {
  readonly caller: Caller | undefined;
  readonly handle: (message: Json, signal: AbortSignal) => Promise<Json>;
  /** From now on it is told to end. */
  readonly leave: () => void;
};

export type CompanionHooks = {
  readonly desk: CompanionDesk;
  /** It has become another one, or none. */
  readonly changed: () => void;
};

export class Companion {
  readonly keeper: CompanionKeeper;
  readonly #name: string;
  readonly #settings: AgentSettings["gateway"];
  readonly #doors: CompanionDoors;
  readonly #desk: CompanionDesk;
  readonly #keeping = new AbortController();

  /** @param name `gateway`, `front` */
  constructor(
    name: string,
    settings: AgentSettings["gateway"],
    doors: CompanionDoors,
    { desk, changed }: CompanionHooks,
  ) {
    const { clock, log } = doors;
    this.#name = name;
    this.#settings = settings;
    this.#doors = doors;
    this.#desk = desk;
    this.keeper = new CompanionKeeper({
      name,
      clock,
      log,
      start: () => spawnDetached([...settings.command, settings.settingsPath]),
      caller: () => desk.caller,
      isAlive: isProcessAlive,
      kill: killProcess,
      changed,
    });
  }

  /** Answers it and keeps it running until `signal` aborts. It goes on then, unless `leave` was called. */
  async run(signal: AbortSignal): Promise<void> {
    const { listen, token } = this.#settings;
    const accepted = token.reveal();
    await listenUntilDone(listen, this.#doors, signal, () =>
      this.#doors.network.serve(
        listen,
        (presented) => (presented === accepted ? this.#name : undefined),
        (_, message, asked) => this.#desk.handle(message, asked),
        signal,
      ),
    );
    await this.keeper.run(AbortSignal.any([signal, this.#keeping.signal]));
  }

  /** It lets go of whoever it serves and ends; when it has not after `ms`, it is killed. */
  async leave(ms: number): Promise<void> {
    this.#keeping.abort(new Error("the Region stops"));
    this.#desk.leave();
    await this.keeper.end(ms);
  }

  /** At once, without waiting; it is not started again. */
  kill(): void {
    this.#keeping.abort(new Error("the agent ends"));
    const { pid } = this.keeper;
    if (pid !== undefined) killProcess(pid);
  }
}
