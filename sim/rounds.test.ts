import { expect, test } from "vitest";
import { Failure } from "../src/model/failure.ts";
import { SimClock } from "./clock.ts";
import { RecordingLog } from "./log.ts";
import { SeededRandom } from "./random.ts";
import { callsAtOnceMax } from "./rounds.ts";
import { SimDisk, SimStore } from "./store.ts";

const never = new AbortController().signal;

test("a program that asks a full store again at once is stopped, instead of the simulator", async () => {
  const doors = { clock: new SimClock(), log: new RecordingLog(), random: new SeededRandom(1) };
  const disk = new SimDisk();
  const store = new SimStore(doors, disk, { latencyMsMax: 0, failureRate: 0 });
  disk.isFull = true;
  const put = { kind: "put", key: "a", value: "b" } as const;
  const goRound = async (): Promise<never> => {
    for (;;) {
      try {
        await store.commit([], [put], never);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
  };
  await expect(goRound()).rejects.toThrow("something asks the store and goes round in circles");
});

test("a program that pauses between its questions goes on", async () => {
  const clock = new SimClock();
  const doors = { clock, log: new RecordingLog(), random: new SeededRandom(1) };
  const store = new SimStore(doors, new SimDisk(), { latencyMsMax: 0, failureRate: 0 });
  await clock.drive(async () => {
    for (let calls = 0; calls < 2 * callsAtOnceMax; calls++) {
      await store.get("a", never);
      await clock.sleep(1, never);
    }
  });
  expect(clock.monotonicMs()).toBe(2 * callsAtOnceMax);
});
