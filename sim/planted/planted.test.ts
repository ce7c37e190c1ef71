import { expect, test } from "vitest";
import type { Plant } from "../plant.ts";
import { SimWorld } from "../world.ts";
import { carelessPromise } from "./careless-promise.ts";
import { endlessLease } from "./endless-lease.ts";
import { forgetfulJournal } from "./forgetful-journal.ts";
import { resumedTwice, rolledBackLate } from "./forgotten-claim.ts";
import { forgottenCreation } from "./forgotten-creation.ts";
import { forgottenPromise } from "./forgotten-promise.ts";
import { leaseFromAnswer } from "./lease-from-answer.ts";
import { missingGuard } from "./missing-guard.ts";
import { obedientAgent } from "./obedient-agent.ts";
import { oneEvidence } from "./one-evidence.ts";
import { promoteBeforeClaim } from "./promote-before-claim.ts";
import { promoteBeforeFence } from "./promote-before-fence.ts";
import { recreatingKeeper } from "./recreating-keeper.ts";

const seedsMax = 200;
const faultsMs = 60_000;

/** With what the checkers have to say of each. */
const plants: readonly { readonly plant: Plant; readonly words: RegExp }[] = [
  { plant: forgottenCreation, words: /does not serve in the end/ },
  { plant: forgetfulJournal, words: /went back from term/ },
  { plant: endlessLease, words: /without a lease|after its lease/ },
  { plant: recreatingKeeper, words: /was created again/ },
  { plant: promoteBeforeFence, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: promoteBeforeClaim, words: /was promoted in epoch .*\(I1\)/ },
  { plant: carelessPromise, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: leaseFromAnswer, words: /after its lease \(I2\)|\(I1\)/ },
  { plant: forgottenPromise, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: oneEvidence, words: /was lost \(I5\)/ },
  { plant: resumedTwice, words: /is before its claim again \(I6\)/ },
  { plant: rolledBackLate, words: /rolled back after its claim \(I3\)/ },
  { plant: obedientAgent, words: /was started as primary in epoch .*\(I1\)/ },
  { plant: missingGuard, words: /after its lease \(I2\)|\(I1\)/ },
];

test.for(plants)("found in 200 seeds: $plant.name", { timeout: 120_000 }, async (planted) => {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await new SimWorld(seed, planted.plant).run(faultsMs);
    if (violations.some((violation) => planted.words.test(violation))) return;
  }
  expect.fail(`no seed up to ${seedsMax} found it`);
});
