import { expect, test } from "vitest";
import { SimWorld } from "../world.ts";
import { endlessLease } from "./endless-lease.ts";
import { forgetfulJournal } from "./forgetful-journal.ts";
import { forgottenCreation } from "./forgotten-creation.ts";
import { recreatingKeeper } from "./recreating-keeper.ts";

const seedsMax = 100;
const faultsMs = 60_000;

/** With what the checkers have to say of each. */
const plants = [
  { plant: forgottenCreation, words: /does not serve in the end/ },
  { plant: forgetfulJournal, words: /went back from term/ },
  { plant: endlessLease, words: /without a lease/ },
  { plant: recreatingKeeper, words: /was created again/ },
];

test.for(plants)("found in 100 seeds: $plant.name", { timeout: 120_000 }, async (planted) => {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await new SimWorld(seed, planted.plant).run(faultsMs);
    if (violations.some((violation) => planted.words.test(violation))) return;
  }
  expect.fail(`no seed up to ${seedsMax} found it`);
});
