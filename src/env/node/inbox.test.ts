import { expect, test } from "vitest";
import type { Json } from "../env.ts";
import { Inbox } from "./inbox.ts";

test("what comes before somebody listens is heard first, in order, once", () => {
  const inbox = new Inbox();
  const heard: Json[] = [];
  inbox.put(1);
  inbox.put(2);
  inbox.listen((message) => heard.push(message));
  inbox.put(3);
  expect(heard).toEqual([1, 2, 3]);
});

test("a program that never listens is a bug, not a leak", () => {
  const inbox = new Inbox();
  expect(() => {
    for (let said = 0; said < 1_000; said += 1) inbox.put(said);
  }).toThrow("listens soon");
});
