import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "./on-abort.ts";

test("it reacts once, and not after it was taken back", () => {
  const abort = new AbortController();
  const reacted: string[] = [];
  onAbort(abort.signal, () => reacted.push("kept"));
  onAbort(abort.signal, () => reacted.push("taken back"))();
  abort.abort();
  expect(reacted).toEqual(["kept"]);
  expect(getEventListeners(abort.signal, "abort")).toEqual([]);
});

test("many at once are no leak, and nothing warns of one", async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", note);
  const { signal } = new AbortController();
  for (let n = 0; n < 50; n++) onAbort(signal, () => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
