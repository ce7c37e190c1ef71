import { expect, test } from "vitest";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import { decideRead, type ReadView } from "./decide-read.ts";
import type { Token, WalPoint } from "./token.ts";

const systemId = "1" as SystemId;
const token = (timeline: number, lsn: number): Token => ({ systemId, timeline, lsn });
const fork = (timeline: number, parent: number, lsn: bigint): Fork => ({
  timeline,
  parent,
  lsn: lsn as Lsn,
});

function replayed(at: WalPoint, expectedMs = 0): ReadView["replay"] {
  return {
    hasReached: ({ timeline, lsn }) => at.timeline >= timeline && at.lsn >= lsn,
    expectedWaitMs: () => expectedMs,
    lagMs: expectedMs,
  };
}

const view: ReadView = {
  level: "session",
  token: token(1, 100),
  asked: undefined,
  known: { systemId, forks: [], timeline: 1 },
  replay: replayed(token(1, 50)),
  writer: "reachable",
  writerRttMs: 60,
  limits: { consistencyTimeoutMs: 500, globalReads: "local" },
};
const decide = (more: Partial<ReadView>): ReturnType<typeof decideRead> =>
  decideRead({ ...view, ...more });

test("eventual reads, and reads with off, are local whatever the lag", () => {
  expect(decide({ level: "eventual", writer: "unreachable" })).toEqual({ kind: "local" });
  expect(decide({ level: "off" })).toEqual({ kind: "local" });
});

test("I7: a session read is local when its token has been replayed, or when it has none", () => {
  expect(decide({ replay: replayed(token(1, 100)) })).toEqual({ kind: "local" });
  expect(decide({ token: undefined })).toEqual({ kind: "local" });
});

test("a session read waits a tenth of a round trip at most, and then goes to the writer", () => {
  expect(decide({})).toMatchObject({
    kind: "wait",
    point: { timeline: 1, lsn: 100 },
    withinMs: 6,
    otherwise: "writer",
  });
  expect(decide({ writerRttMs: 0.5 })).toMatchObject({ kind: "wait", withinMs: 2 });
  expect(decide({ writerRttMs: undefined })).toMatchObject({ kind: "wait", withinMs: 5 });
  expect(decide({ writerRttMs: 60_000 })).toMatchObject({ kind: "wait", withinMs: 500 });
});

test("a session read that is expected to wait longer goes to the writer at once", () => {
  expect(decide({ replay: replayed(token(1, 50), 6) })).toMatchObject({ kind: "wait" });
  expect(decide({ replay: replayed(token(1, 50), 6.1) })).toMatchObject({ kind: "writer" });
});

test("case 41: without a writer a session read waits for the timeout, and is refused then", () => {
  const decision = decide({ writer: "unreachable", replay: replayed(token(1, 50), 1000) });
  expect(decision).toMatchObject({ kind: "wait", withinMs: 500, otherwise: "refuse" });
});

test("while a switchover holds the writer, a session read waits here as long as it may", () => {
  const decision = decide({ writer: "held", replay: replayed(token(1, 50), 1000) });
  expect(decision).toMatchObject({ kind: "wait", withinMs: 500, otherwise: "writer" });
});

test("case 42: a token past the fork is an error, also for a global read, and also when the writer is away", () => {
  const known = { systemId, forks: [fork(2, 1, 99n)], timeline: 2 };
  expect(decide({ known })).toMatchObject({ kind: "lost" });
  expect(decide({ known, level: "global" })).toMatchObject({ kind: "lost" });
  expect(decide({ known, writer: "unreachable" })).toMatchObject({ kind: "lost" });
  expect(decide({ token: { ...token(1, 1), systemId: "2" as SystemId } })).toMatchObject({
    kind: "lost",
  });
});

test("no new writer answers a token while nobody knows where its timeline begins", () => {
  const known = { systemId, forks: [], timeline: 2 };
  expect(decide({ known })).toMatchObject({ kind: "wait", withinMs: 500, otherwise: "refuse" });
});

test("a token of a timeline not heard of here is served by whoever has it", () => {
  expect(decide({ token: token(2, 100), replay: replayed(token(2, 100)) })).toEqual({
    kind: "local",
  });
  expect(decide({ token: token(2, 100) })).toMatchObject({ kind: "wait", otherwise: "writer" });
});

test("a global read asks for the writer's position, and waits for that", () => {
  const global = { level: "global", replay: replayed(token(1, 150)) } as const;
  expect(decide(global)).toEqual({ kind: "ask-position" });
  expect(decide({ ...global, token: undefined })).toEqual({ kind: "ask-position" });
  expect(decide({ ...global, asked: token(1, 150) })).toEqual({ kind: "local" });
  expect(decide({ ...global, asked: token(1, 200) })).toMatchObject({
    kind: "wait",
    point: { lsn: 200 },
    withinMs: 6,
  });
});

test("a global read goes to the writer when the instance lags, or when it is set so, and is refused without one", () => {
  const global = { level: "global" } as const;
  expect(decide({ ...global, replay: replayed(token(1, 50), 30) })).toMatchObject({
    kind: "writer",
  });
  const limits = { ...view.limits, globalReads: "writer" } as const;
  expect(decide({ ...global, limits })).toMatchObject({ kind: "writer" });
  expect(decide({ ...global, writer: "unreachable" })).toMatchObject({ kind: "refuse" });
});

test("the position of a new writer does not hide that it may lack what the session wrote", () => {
  const global = {
    level: "global",
    asked: token(2, 900),
    replay: replayed(token(2, 900)),
  } as const;
  expect(decide({ ...global, replay: replayed(token(1, 50)) })).toMatchObject({
    kind: "wait",
    point: { timeline: 1, lsn: 100 },
    otherwise: "refuse",
  });
  const forked = (lsn: bigint): ReadView["known"] => ({
    systemId,
    forks: [fork(2, 1, lsn)],
    timeline: 1,
  });
  expect(decide({ ...global, known: forked(100n) })).toEqual({ kind: "local" });
  expect(decide({ ...global, known: forked(99n) })).toMatchObject({ kind: "lost" });
});
