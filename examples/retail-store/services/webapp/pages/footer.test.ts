import { expect, test } from "vitest";
import { newSession } from "../session.ts";
import { Visitor } from "../visitor.ts";
import { ago, pageFooter } from "./footer.ts";

test("the foot of a page tells who answered, who was read and who was written", () => {
  const nowMs = 1_000_000;
  const wrote = { address: "127.0.1.11", ms: 64.4, at: nowMs - 5_000 };
  const visitor = new Visitor({
    session: { ...newSession(nowMs), wrote },
    key: "k",
    place: { region: "us-west-2", replica: 1 },
    nowMs,
  });
  visitor.read = { address: "127.0.2.11", ms: 1.23 };
  const text = pageFooter(visitor).replaceAll(/<[^>]*>/g, "");
  expect(text).toContain(
    "Answered by us-west-2 · read from 127.0.2.11 in 1.2 ms · last write to 127.0.1.11 in 64 ms, 5 s ago",
  );
});

test("times are told as people tell them", () => {
  const told = [-1, 1_000, 59_000, 90_000, 7_200_000, 200_000_000].map(ago);
  expect(told).toEqual(["just now", "just now", "59 s ago", "2 min ago", "2 h ago", "2 days ago"]);
});
