/** One world for all tests of a file: bringing one up costs seconds. */
import { afterAll, beforeAll, beforeEach, onTestFailed } from "vitest";
import { startWorld, type World, type WorldOptions } from "./world.ts";

/** Call it at the top of a file; the answer may be asked inside tests. Logs are shown when a test fails. */
export function sharedWorld(options: WorldOptions = {}): () => World {
  let world: World | undefined;
  const the = (): World => {
    if (!world) throw new Error("The world of this file did not come up");
    return world;
  };
  beforeAll(async () => {
    world = await startWorld(options);
  });
  beforeEach(() => showLogsOnFailure(the));
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  return the;
}

/** Inside a test that has a world of its own. */
export function showLogsOnFailure(world: () => World): void {
  let tails = "";
  onTestFailed(() => {
    try {
      tails = world().logTails();
    } catch {
      // The world never came up, or is gone; the failure itself says so.
    }
    console.error(tails);
  });
}
