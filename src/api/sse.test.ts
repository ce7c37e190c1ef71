import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SseWriter } from "./sse.ts";

const never = new AbortController().signal;

/** Takes what is written only when it is told to. */
function slowReader(): { readonly out: Writable; take(): void } {
  let taken: (() => void) | undefined;
  const out = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      taken = done;
    },
  });
  return { out, take: () => taken?.() };
}

test("a writer waits for its reader", async () => {
  const clock = new SimClock();
  const { out, take } = slowReader();
  let isCut = false;
  let isWritten = false;
  const writer = new SseWriter(out, clock, () => (isCut = true));
  const written = writer.write("a message", never).then(() => (isWritten = true));
  await clock.runUntil(9_000);
  expect(isWritten).toBe(false);
  take();
  await written;
  await clock.runUntil(60_000);
  expect(isCut).toBe(false);
});

test("a reader that takes nothing for 10 s is cut", async () => {
  const clock = new SimClock();
  let cutAtMs = 0;
  const writer = new SseWriter(slowReader().out, clock, () => {
    cutAtMs = clock.monotonicMs();
  });
  await Promise.all([writer.write("a message", never), clock.runUntil(11_000)]);
  expect(cutAtMs).toBe(10_000);
});

test("the end of the connection ends the wait, and cuts nothing", async () => {
  const clock = new SimClock();
  const gone = new AbortController();
  let isCut = false;
  const writer = new SseWriter(slowReader().out, clock, () => (isCut = true));
  const written = writer.write("a message", gone.signal);
  gone.abort();
  await written;
  await clock.runUntil(60_000);
  expect(isCut).toBe(false);
});
