import { expect, test } from "vitest";
import { RecentSessions } from "./recent-sessions.ts";
import { newSession, type Session } from "./session.ts";

test("of two tabs that ask at once neither undoes what the other has noted", () => {
  const recent = new RecentSessions();
  const before = { ...newSession(0), seen: "0/1", cart: 1 };
  const [buying, adding] = [recent.newest(before), recent.newest(before)];
  const bought = recent.keep(buying, { seen: "0/2" }, 10);
  const added = recent.keep(adding, { cart: 3 }, 11);
  expect(added).toEqual({ ...before, seen: "0/2", cart: 3, at: 11 });
  // The browser may get the answers in either order.
  for (const cookie of [before, bought, added]) expect(recent.newest(cookie)).toEqual(added);
});

test("what another replica wrote later, or for somebody else, stands", () => {
  const recent = new RecentSessions();
  const mine = recent.keep(newSession(0), { cart: 1 }, 10);
  const later = { ...mine, cart: 5, at: 11 };
  expect(recent.newest(later)).toBe(later);
  const theirs = newSession(0);
  expect(recent.newest(theirs)).toBe(theirs);
});

test("those that were kept last are remembered, and no more than 5,000", () => {
  const recent = new RecentSessions();
  const sessions = Array.from({ length: 5_001 }, () => newSession(0));
  for (const session of sessions) recent.keep(session, { cart: 1 }, 1);
  const cartOf = (session: Session | undefined): number | undefined =>
    session && recent.newest(session).cart;
  expect([sessions[0], sessions[1], sessions.at(-1)].map(cartOf)).toEqual([0, 1, 1]);
});
