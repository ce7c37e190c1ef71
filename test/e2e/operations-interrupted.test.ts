/**
 * Programs die at the steps of operations. `npm test` plays a dozen of the matrix, another one each time;
 * `npm run test:long` all of it. `LEEWARD_TEST_SEED` plays a dozen again.
 */
import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { interrupt, interruptions, loseTarget, type Interruption } from "./interruption.ts";
import { sharedWorld } from "./shared-world.ts";
import { StageClients } from "./stage-clients.ts";

/** Of 42; another sample each time, and all of them with LEEWARD_TEST_LONG=1. */
const sampleSize = 8;
const isLong = process.env["LEEWARD_TEST_LONG"] !== undefined;
const seed = Number(process.env["LEEWARD_TEST_SEED"] ?? randomInt(2 ** 31));

const the = sharedWorld();
let clients: StageClients | undefined;

beforeAll(async () => {
  await the().untilReady();
  clients = await StageClients.start(the());
});
afterAll(async () => clients?.stop());

describe.sequential(`an operation whose world is struck (seed ${seed})`, () => {
  test.each(isLong ? interruptions : sample(interruptions, sampleSize))(
    "ends with one writer and nothing lost: $kind, $step, $victim",
    { timeout: 300_000 },
    async (what) => {
      if (!clients) throw new Error("There are no clients");
      const { operation, struckAt, gapMs, lost } = await interrupt(the(), clients, what);
      console.log(
        `${what.kind}, ${what.victim} killed at ${struckAt}: ${operation.outcome} (${operation.because}); ` +
          `longest gap ${Math.round(gapMs)} ms; ${lost} in the evidence`,
      );
      expect(["completed", "rolled-back"]).toContain(operation.outcome);
    },
  );

  test.each(["promote", "follow"] as const)(
    "is taken over by a failover when its target is lost at %s",
    async (step) => {
      if (!clients) throw new Error("There are no clients");
      const { switchover, failover } = await loseTarget(the(), clients, step);
      console.log(
        `target lost at ${step}: switchover ${switchover.outcome} (${switchover.because}), then ${failover.outcome}`,
      );
      expect(["failed", "completed"]).toContain(switchover.outcome);
      expect(failover.outcome).toBe("completed");
    },
    300_000,
  );
});

function sample(from: readonly Interruption[], size: number): readonly Interruption[] {
  const random = new SeededRandom(seed);
  const left = [...from];
  return Array.from({ length: size }, () => {
    const [one] = left.splice(Math.floor(random.float() * left.length), 1);
    if (!one) throw new Error("The matrix is smaller than the sample");
    return one;
  });
}
