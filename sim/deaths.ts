/** Somebody who is part of an operation dies just after a step of it is journalled: the worst moments there are. */
import type { AgentProgram } from "./agent-program.ts";
import type { SimClock } from "./clock.ts";
import type { ControllerProgram } from "./controller-program.ts";
import { revive, startIfDown } from "./faults.ts";

export type Victim = "controller" | "agent" | "region";

export const allVictims: readonly Victim[] = ["controller", "agent", "region"];

type Mortals = {
  readonly clock: SimClock;
  readonly controller: ControllerProgram;
  /** The agent of the Region that is meant. */
  readonly agent: AgentProgram;
};

/** Kills at once, within the write; what was killed is started again after `awayMs`. */
export function strike(
  victim: Victim,
  { clock, controller, agent }: Mortals,
  awayMs: number,
): void {
  if (victim === "controller") {
    controller.kill();
    clock.after(awayMs, () => revive(controller, clock));
    return;
  }
  if (victim === "agent" && !agent.isWhole) return;
  if (victim === "agent") agent.kill();
  else agent.killRegion();
  clock.after(awayMs, () => startIfDown(agent));
}
