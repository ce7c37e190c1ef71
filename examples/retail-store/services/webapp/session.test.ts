import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cookieBytesMax,
  isStale,
  newSession,
  readSession,
  sessionMsMax,
  sign,
  signSession,
  type Session,
} from "./session.ts";

const key = "a key of thirty-two letters or more";
const nowMs = Date.UTC(2026, 3, 2);
const session: Session = { ...newSession(nowMs), cart: 3, visits: 7 };

test("a session comes back as it was signed", () => {
  expect(readSession(signSession(session, key), key, nowMs)).toEqual(session);
});

test("whoever changes one letter has no session", () => {
  const cookie = signSession(session, key);
  for (let at = 0; at < cookie.length; at += 1) {
    const letter = cookie[at] === "A" ? "B" : "A";
    const forged = cookie.slice(0, at) + letter + cookie.slice(at + 1);
    expect(readSession(forged, key, nowMs)).toBeUndefined();
  }
});

test("a cookie that was cut, or signed with another key, or for another purpose, is no session", () => {
  const cookie = signSession(session, key);
  for (let length = 0; length < cookie.length; length += 1) {
    expect(readSession(cookie.slice(0, length), key, nowMs)).toBeUndefined();
  }
  expect(readSession(cookie, `${key}!`, nowMs)).toBeUndefined();
  const payload = cookie.split(".")[0] ?? "";
  expect(readSession(`${payload}.${sign("csrf", payload, key)}`, key, nowMs)).toBeUndefined();
});

test("whatever somebody sends, it is a session only if it was signed here", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      expect(readSession(text, key, nowMs)).toBeUndefined();
    }),
  );
});

test("what is well signed and no session, is none", () => {
  for (const text of ["null", "[]", "{}", "{", '{"id":"x","at":1,"cart":0,"visits":0}']) {
    const payload = Buffer.from(text).toString("base64url");
    expect(readSession(`${payload}.${sign("session", payload, key)}`, key, nowMs)).toBeUndefined();
  }
});

test("a cookie over 1.5 kB is not looked at", () => {
  const payload = Buffer.from(JSON.stringify({ ...session, x: "x".repeat(1_200) })).toString(
    "base64url",
  );
  const cookie = `${payload}.${sign("session", payload, key)}`;
  expect(cookie.length).toBeGreaterThan(cookieBytesMax);
  expect(readSession(cookie, key, nowMs)).toBeUndefined();
});

test("the largest session that there can be fits into its cookie", () => {
  const largest: Session = {
    ...session,
    user: { id: "i".repeat(36), name: "😀".repeat(20), email: "e".repeat(254), since: nowMs },
    seen: "s".repeat(300),
    wrote: { address: "255.255.255.255", ms: 20_000.123, at: nowMs },
    cart: 4_950,
    visits: 1_000_000,
  };
  const cookie = signSession(largest, key);
  expect(cookie.length).toBeLessThan(cookieBytesMax);
  expect(readSession(cookie, key, nowMs)).toEqual(largest);
});

test("a session ends after 30 days, and is dated anew once a day until then", () => {
  const cookie = signSession(session, key);
  expect(readSession(cookie, key, nowMs + sessionMsMax)).toEqual(session);
  expect(readSession(cookie, key, nowMs + sessionMsMax + 1)).toBeUndefined();
  expect(isStale(session, nowMs + 3_600_000)).toBe(false);
  expect(isStale(session, nowMs + 25 * 3_600_000)).toBe(true);
});

test("a log-in ends after 30 days, also when the session is in use all the time", () => {
  const user = { id: "u-1", name: "Ann", email: "ann@example.com", since: nowMs };
  const cookieAt = (at: number): string => signSession({ ...session, user, at }, key);
  const lastMs = nowMs + sessionMsMax;
  expect(readSession(cookieAt(lastMs), key, lastMs)?.user).toEqual(user);
  expect(readSession(cookieAt(lastMs), key, lastMs + 1)).toBeUndefined();
});
