import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { withDeadline } from "./deadline.ts";
import { nodeClock } from "./node/clock.ts";

const expired = (): Error => new Error("too slow");
const never = new AbortController().signal;
const forever = (): Promise<never> => new Promise(() => undefined);

test("work that is in time gives its answer and leaves nothing on the signal", async () => {
  const { signal } = new AbortController();
  const answer = await withDeadline(nodeClock, { ms: 60_000, expired }, signal, async () => 7);
  expect(answer).toBe(7);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("work that is late is told so, even when it does not listen", async () => {
  let given: AbortSignal | undefined;
  const late = withDeadline(nodeClock, { ms: 5, expired }, never, (signal) => {
    given = signal;
    return forever();
  });
  await expect(late).rejects.toThrow("too slow");
  expect(given?.aborted).toBe(true);
});

test("an abort comes through with its own reason, before and during the work", async () => {
  const abort = new AbortController();
  const limit = { ms: 60_000, expired };
  const work = withDeadline(nodeClock, limit, abort.signal, forever);
  abort.abort(new Error("enough"));
  await expect(work).rejects.toThrow("enough");
  await expect(withDeadline(nodeClock, limit, abort.signal, forever)).rejects.toThrow("enough");
});

test("a failure of the work is its own", async () => {
  const work = async (): Promise<never> => {
    throw new Error("broken");
  };
  await expect(withDeadline(nodeClock, { ms: 60_000, expired }, never, work)).rejects.toThrow(
    "broken",
  );
});
