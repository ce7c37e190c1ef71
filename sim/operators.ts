/** People who ask for operations at the worst moments, two of them at once, and change their minds. */
import type { DatabaseController } from "../src/database/controller.ts";
import { Failure } from "../src/model/failure.ts";
import type { OperationKind, OperationRequest } from "../src/model/operation.ts";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import type { SimClock } from "./clock.ts";
import type { ControllerProgram } from "./controller-program.ts";
import type { SeededRandom } from "./random.ts";
import type { Referee } from "./referee.ts";

export type OperatorDoors = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly controller: ControllerProgram;
  readonly referee: Referee;
  readonly regions: readonly RegionId[];
  readonly wishes: readonly OperationKind[];
  readonly everyMs: number;
};

const never = new AbortController().signal;

/** What people ask for, the more often the more often it stands here. */
export const commonWishes: readonly OperationKind[] = [
  ...Array<OperationKind>(8).fill("switchover"),
  ...Array<OperationKind>(6).fill("failover"),
  ...Array<OperationKind>(3).fill("rejoin"),
  "detach",
  "add",
  "add",
  "remove",
];

/** They go on until `endMs`. */
export function operate(doors: OperatorDoors, endMs: number): void {
  const { clock, random, everyMs } = doors;
  const next = (): void => {
    if (clock.monotonicMs() >= endMs) return;
    act(doors);
    if (random.chance(0.2)) clock.after(random.between(0, 50), () => act(doors));
    clock.after(random.between(0, 2 * everyMs), next);
  };
  clock.after(random.between(0, 2 * everyMs), next);
}

function act(doors: OperatorDoors): void {
  const { controller, random } = doors;
  const { databases } = controller;
  if (!databases) return;
  const running = databases
    .operations({ database: undefined })
    .find(({ outcome }) => outcome === "running");
  if (running && random.chance(0.3)) ask(doors, () => databases.cancel(running.id, never));
  else ask(doors, () => databases.begin(draw(doors, databases), never));
}

function draw(
  { random, regions, wishes }: OperatorDoors,
  databases: DatabaseController,
): OperationRequest {
  const kind = random.pick(wishes);
  const shown = databases.snapshots();
  const names = shown.map(({ system }) => system.name);
  const database = random.chance(0.9) ? ("orders" as DatabaseId) : random.pick(names);
  const primary = shown.find(({ system }) => system.name === database)?.record.primary;
  const others = regions.filter((region) => region !== primary);
  return {
    kind,
    database,
    // Now and then it makes no sense.
    to: random.pick(random.chance(0.95) && others.length > 0 ? others : regions),
    requestedBy: "person",
    allowDataLoss: true,
    expectPrimary: undefined,
    overrideFence: undefined,
    pins: "refuse",
  };
}

/** A refusal is an answer; anything else that is thrown is a bug. */
export function ask(
  { referee }: Pick<OperatorDoors, "referee">,
  asked: () => Promise<unknown>,
): void {
  asked().catch((error: unknown) => {
    if (error instanceof Failure) return;
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    referee.violate(`a request met a bug: ${said}`);
  });
}
