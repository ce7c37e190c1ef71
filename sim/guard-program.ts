/** The guard of a Region: a process of its own, which kills servers whose lease on the board is over. */
import type { Clock } from "../src/env/env.ts";
import { decideGuard, hotLookMs } from "../src/guard/watch.ts";
import type { SimHost } from "./host.ts";
import type { SimBoard } from "./lease-board.ts";
import { Life, MortalClock } from "./life.ts";
import type { WalStream } from "./stream.ts";

export type GuardMachine = {
  readonly hosts: readonly SimHost[];
  readonly clock: Clock;
  readonly stream: WalStream;
  readonly board: SimBoard;
};

const never = new AbortController().signal;

export class GuardProgram {
  readonly #machine: GuardMachine;
  #life = new Life();

  constructor(machine: GuardMachine) {
    this.#machine = machine;
    this.#life.end();
  }

  get life(): Life {
    return this.#life;
  }

  /** Runs until it is killed; the agent starts another one. */
  start(): void {
    this.#life.end();
    const life = new Life();
    this.#life = life;
    void this.#watch(new MortalClock(this.#machine.clock, life));
  }

  async #watch(clock: Clock): Promise<void> {
    for (;;) {
      const { board } = this.#machine;
      const decision = decideGuard({
        nowMs: clock.monotonicMs(),
        board: { bootId: "simulated", ...board, leases: [...board.leases] },
        generation: board.generation,
        replacedSinceMs: undefined,
        hostLives: true,
      });
      if (decision.kind === "leave") return;
      const killed = decision.fence.map((database) => this.#fence(database)).some(Boolean);
      await clock.sleep(killed ? Math.min(hotLookMs, decision.lookInMs) : decision.lookInMs, never);
    }
  }

  #fence(database: string): boolean {
    const running = this.#machine.hosts.filter(
      ({ id, server }) => id.database === database && server !== undefined,
    );
    this.#machine.stream.settle();
    for (const host of running) host.endServer("its guard killed it");
    return running.length > 0;
  }
}
