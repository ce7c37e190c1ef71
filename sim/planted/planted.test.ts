import { expect, test } from "vitest";
import { SimWorld } from "../world.ts";
import { endlessLease } from "./endless-lease.ts";
import { forgetfulJournal } from "./forgetful-journal.ts";
import { forgottenCreation } from "./forgotten-creation.ts";
import { recreatingKeeper } from "./recreating-keeper.ts";

const seedsMax = 100;
const faultsMs = 60_000;

/** With what its checkers have to say. */
const plants = [
  [forgottenCreation, /does not serve in the end/],
  [forgetfulJournal, /went back from term/],
  [endlessLease, /without a lease/],
  [recreatingKeeper, /was created again/],
] as const;

test.for(plants)("$0.name: found within 100 seeds", { timeout: 60_000 }, async ([plant, words]) => {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await new SimWorld(seed, plant).run(faultsMs);
    if (violations.some((violation) => words.test(violation))) {
      console.log(`${plant.name}: seed ${seed}`);
      return;
    }
  }
  expect.fail(`${plant.name} was not found in ${seedsMax} seeds`);
});
