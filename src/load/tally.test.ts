import { expect, test } from "vitest";
import { Tally, type Sample } from "./tally.ts";

const good: Sample = { atMs: 0, step: "home", region: "east", ms: 10, error: undefined };

test("each request counts once in all, in its Region and in its step", () => {
  const tally = new Tally();
  tally.request(good);
  tally.request({ ...good, step: "cart", region: "west", ms: 30 });
  const refused = { kind: "connect", message: "refused" } as const;
  tally.request({ ...good, step: "cart", region: undefined, ms: undefined, error: refused });
  const result = tally.result(2_000, 1);
  expect(result).toMatchObject({ requests: 3, requestsPerSecond: 1.5, errors: 1, unfinished: 1 });
  expect(result.regions.map(({ region, requests }) => [region, requests])).toEqual([
    ["east", 1],
    ["west", 1],
  ]);
  expect(result.steps.map(({ step, requests, errors }) => [step, requests, errors])).toEqual([
    ["home", 1, 0],
    ["cart", 2, 1],
  ]);
});

test("an answer that is an error counts in the latency, and none at all does not", () => {
  const tally = new Tally();
  tally.request({ ...good, ms: 100, error: { kind: "5xx", message: "GET / answered 503" } });
  tally.request({ ...good, ms: undefined, error: { kind: "reset", message: "reset" } });
  const { latencyMs } = tally.result(1_000, 0);
  expect(latencyMs).toMatchObject({ max: 100 });
  const none = new Tally();
  none.request({ ...good, ms: undefined, error: { kind: "reset", message: "reset" } });
  expect(none.result(1_000, 0).latencyMs).toBeUndefined();
});

test("of each kind of error the first messages are kept, each once and cut", () => {
  const tally = new Tally();
  for (let index = 0; index < 20; index += 1) {
    tally.request({ ...good, error: { kind: "4xx", message: `${index % 10}${"x".repeat(500)}` } });
  }
  tally.journeyThrew("no button");
  const [first, second] = tally.result(1_000, 0).errorsByKind;
  expect(first).toMatchObject({ kind: "4xx", count: 20 });
  expect(first?.messages.map(({ length }) => length)).toEqual([200, 200, 200, 200, 200]);
  expect(second).toEqual({ kind: "journey", count: 1, messages: ["no button"] });
});

test("names that never repeat do not fill the memory", () => {
  const tally = new Tally();
  for (let index = 0; index < 1_000; index += 1) {
    tally.request({ ...good, step: `step ${index}`, region: `region ${index}` });
  }
  const { steps, regions } = tally.result(1_000, 0);
  expect([steps.length, regions.length]).toEqual([65, 65]);
  expect(steps.at(-1)).toMatchObject({ step: "other", requests: 936 });
});

test("the last seconds are those before the present one, and older ones are gone", () => {
  const tally = new Tally();
  for (let second = 0; second < 20; second += 1) {
    for (let index = 0; index <= second; index += 1) {
      tally.request({ ...good, atMs: second * 1_000 + 500, ms: second });
    }
  }
  const recent = tally.recent(19_900);
  // The seconds 14 to 18.
  expect(recent.requests).toBe(15 + 16 + 17 + 18 + 19);
  expect(recent.requestsPerSecond).toBe((15 + 16 + 17 + 18 + 19) / 5);
  expect(recent.latencyMs?.max).toBe(18);
  expect(recent.regions).toMatchObject([{ region: "east", requests: recent.requests }]);
  expect(tally.recent(60_000).requests).toBe(0);
});
