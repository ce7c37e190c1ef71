import { expect, test } from "vitest";
import { SeededRandom } from "../../sim/random.ts";
import { SessionKeys } from "./session-keys.ts";

test("a number is drawn again only when its session is gone", () => {
  const keys = new SessionKeys(new SeededRandom(7));
  const first = keys.draw(() => false);
  const taken = new Set([first.processId + 1, first.processId + 2]);
  expect(keys.draw((processId) => taken.has(processId)).processId).toBe(first.processId + 3);
});

test("each session has a secret of four bytes of its own", () => {
  const keys = new SessionKeys(new SeededRandom(7));
  const [one, other] = [keys.draw(() => false), keys.draw(() => false)];
  expect(one.secret).toHaveLength(4);
  expect(one.secret.equals(other.secret)).toBe(false);
});
