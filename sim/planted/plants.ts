/** Every planted bug. */
import type { Plant } from "../plant.ts";
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

export type Planted = {
  readonly plant: Plant;
  /** The first seed that finds it. A change of the program may make it another one: the test then says which. */
  readonly seed: number;
  /** What the checkers have to say of it. */
  readonly words: RegExp;
};

export const plants: readonly Planted[] = [
  { plant: forgottenCreation, seed: 4, words: /does not serve in the end/ },
  { plant: forgetfulJournal, seed: 2, words: /went back from term/ },
  { plant: endlessLease, seed: 6, words: /without a lease|after its lease/ },
  { plant: recreatingKeeper, seed: 1, words: /was created again/ },
  { plant: promoteBeforeFence, seed: 16, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: promoteBeforeClaim, seed: 1, words: /was promoted in epoch .*\(I1\)/ },
  { plant: carelessPromise, seed: 30, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: leaseFromAnswer, seed: 16, words: /after its lease \(I2\)|\(I1\)/ },
  { plant: forgottenPromise, seed: 14, words: /acknowledged a write in epoch .*\(I1\)/ },
  { plant: oneEvidence, seed: 16, words: /was lost \(I5\)/ },
  { plant: resumedTwice, seed: 1, words: /is before its claim again \(I6\)/ },
  { plant: rolledBackLate, seed: 27, words: /rolled back after its claim \(I3\)/ },
  { plant: obedientAgent, seed: 12, words: /was started as primary in epoch .*\(I1\)/ },
  { plant: missingGuard, seed: 6, words: /after its lease \(I2\)|\(I1\)/ },
];
