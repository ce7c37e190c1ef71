import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { registerClockContract } from "../clock-contract.ts";
import { nodeClock } from "./clock.ts";

registerClockContract(() => ({ clock: nodeClock, drive: (body) => body() }));

test("two processes of one machine agree on the time", () => {
  const program = `import { nodeClock } from ${JSON.stringify(import.meta.resolve("./clock.ts"))};
console.log(nodeClock.monotonicMs());`;
  const before = nodeClock.monotonicMs();
  const args = ["--import", "tsx", "--input-type=module", "-e", program];
  const there = Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
  expect(there).toBeGreaterThan(before);
  expect(there).toBeLessThan(nodeClock.monotonicMs());
});
