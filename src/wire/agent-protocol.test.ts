import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Lsn } from "../model/lsn.ts";
import { Secret } from "../std/secret.ts";
import type { Json } from "../std/json.ts";
import { commandsAnswer, question, reportAnswer } from "./agent-protocol.ts";
import { decode, encode, maybe } from "./codec.ts";

const name = fc.string({ minLength: 1, maxLength: 30 });
const count = fc.nat({ max: 2 ** 40 });
const number = fc.integer({ min: 1, max: 80 });
const text = fc.string();
const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((position) => position as Lsn);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const kind = <K extends string>(value: K): fc.Arbitrary<K> => fc.constant(value);

const state = fc.oneof(
  fc.record({ kind: fc.constantFrom("absent", "creating", "serving", "promoting") }),
  fc.record({
    kind: fc.constantFrom("stopped", "starting", "catching-up", "fenced", "diverged"),
    because: text,
  }),
  fc.record({ kind: kind("failed"), because: text, code: text }),
  fc.record({
    kind: kind("cloning"),
    receivedBytes: count,
    totalBytes: optional(count),
    bytesPerSecond: count,
  }),
);
const lag = fc.record({
  region: name,
  number,
  isStreaming: fc.boolean(),
  lagBytes: optional(count),
  lagMs: optional(count),
  rpoLagMs: optional(count),
  progressLagMs: optional(count),
  sentBytes: count,
  slotIsIntact: fc.boolean(),
  walFromLsn: optional(lsn),
  loss: optional(fc.record({ transactions: count, bytes: count, isExact: fc.boolean() })),
});
const fork = fc.record({ timeline: number, parent: number, lsn });
const result = fc.oneof(
  fc.record({ kind: kind("token"), systemId: name, timeline: number, lsn }),
  fc.record({ kind: kind("watching"), isProbing: fc.boolean() }),
  fc.record({ kind: kind("position"), timeline: number, replayedLsn: lsn }),
  fc.record({ kind: kind("promoted"), fork, writePauseMs: optional(count) }),
);
const progress = fc.record({
  id: text,
  outcome: fc.constantFrom("running", "done", "failed"),
  because: text,
  result: optional(result),
});
const evidenceSlot = fc.record({
  database: text,
  confirmedLsn: optional(lsn),
  retainedBytes: count,
  isIntact: fc.boolean(),
  isPinned: fc.boolean(),
});
const evidence = fc.record({
  name: text,
  database: name,
  region: name,
  number,
  systemId: name,
  timeline: number,
  forkLsn: optional(lsn),
  epoch: count,
  atWallMs: count,
  because: text,
  bytes: count,
  path: text,
});
const event = fc.record({
  kind: text,
  message: text,
  region: optional(name),
  database: optional(name),
  details: fc.dictionary(name, fc.oneof(text, count, fc.boolean(), fc.constant(null)), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
});
const report = fc.record({
  database: name,
  number,
  role: optional(fc.constantFrom("primary", "secondary")),
  state,
  epoch: optional(count),
  version: count,
  lease: optional(fc.record({ leftMs: count, from: fc.constantFrom("controller", "promises") })),
  systemId: optional(name),
  timeline: optional(number),
  position: optional(fc.record({ timeline: number, flushedLsn: lsn, replayedLsn: lsn })),
  diskFreeBytes: optional(count),
  lags: fc.array(lag, { maxLength: 3 }),
  evidenceSlots: fc.array(evidenceSlot, { maxLength: 2 }),
  rpoGuard: fc.oneof(
    fc.record({ kind: fc.constantFrom("off", "watching", "holding") }),
    fc.record({ kind: kind("suspended"), because: text }),
  ),
  command: optional(progress),
});
const gateway = fc.record({
  state: fc.constantFrom("serving", "starting", "down"),
  databases: fc.constant([]),
});
const anyQuestion = fc.oneof(
  fc.record({
    kind: kind("report"),
    ticket: text,
    instances: fc.array(report, { maxLength: 3 }),
    evidence: fc.array(evidence, { maxLength: 2 }),
    peers: fc.array(fc.record({ region: name, silentMs: count }), { maxLength: 2 }),
    gateway: optional(gateway),
    events: fc.array(event, { maxLength: 2 }),
  }),
  fc.record({ kind: kind("outcome"), database: name, number, progress }),
  fc.record({ kind: kind("commands"), after: count }),
);

const upstreamAddress = fc.record({ host: text, port: number });
const upstream = fc.record({
  address: upstreamAddress,
  slot: text,
  applicationName: text,
});
const assignment = fc.record({
  database: name,
  number,
  epoch: count,
  version: count,
  systemId: optional(name),
  role: fc.constantFrom("primary", "secondary"),
  writer: optional(name),
  isPromoted: fc.boolean(),
  upstream: optional(upstream),
  slots: fc.array(fc.record({ slot: text, region: name, number }), { maxLength: 3 }),
  forks: fc.array(fork, { maxLength: 2 }),
  operation: optional(name),
  failsafe: fc.array(fc.record({ region: name, address: upstreamAddress }), { maxLength: 2 }),
  rpoGuardMs: count,
});
const anyReportAnswer = fc.record({
  term: count,
  ticket: text,
  isTaken: fc.boolean(),
  assignments: fc.array(assignment, { maxLength: 3 }),
  leases: fc.array(fc.record({ database: name, epoch: count, ttlMs: count }), { maxLength: 3 }),
});

/** Through text, as the network has it. */
function roundTrip<S extends z.ZodType>(schema: S, message: unknown): z.output<S> {
  const sent = JSON.stringify(encode(schema, message as z.output<S>));
  return decode(schema, "a message", JSON.parse(sent) as Json);
}

test("every question comes out as it went in", () => {
  fc.assert(
    fc.property(anyQuestion, (asked) => {
      expect(roundTrip(question, asked)).toEqual(asked);
    }),
  );
});

test("every answer to a report comes out as it went in", () => {
  fc.assert(
    fc.property(anyReportAnswer, (answer) => {
      expect(roundTrip(reportAnswer, answer)).toEqual(answer);
    }),
  );
});

test("a command carries its passwords, and prints none of them", () => {
  const role = {
    name: "app",
    login: true,
    superuser: false,
    replication: false,
    memberOf: ["pg_create_subscription"],
    password: new Secret("hunter2"),
  };
  const answer = {
    term: 1,
    batch: 3,
    assignments: [],
    leases: [],
    commands: [
      {
        id: "build/orders/us-east-1/1/1.1",
        term: 1,
        epoch: 1,
        version: 2,
        operation: "build",
        step: "create",
        database: "orders",
        number: 1,
        action: { kind: "create", databaseName: "orders", owner: "app", roles: [role] },
      },
    ],
  };
  const [command] = roundTrip(commandsAnswer, answer).commands;
  expect(command?.action.kind === "create" && command.action.roles[0]?.password.reveal()).toBe(
    "hunter2",
  );
  expect(JSON.stringify(command)).not.toContain("hunter2");
});

test("a message that does not fit is refused with the field that does not", () => {
  expect(() => decode(question, "an agent's question", { kind: "commands", after: -1 })).toThrow(
    /an agent's question.*after/s,
  );
  expect(() => decode(question, "a question", { kind: "bribe" })).toThrow(
    expect.objectContaining({ code: "network.message-invalid" }) as Error,
  );
});

test("absence is null on the way and undefined inside", () => {
  const schema = z.object({ field: maybe(z.string()) });
  expect(encode(schema, { field: undefined })).toEqual({ field: null });
  expect(decode(schema, "it", { field: null })).toEqual({ field: undefined });
  expect(() => decode(schema, "it", {})).toThrow(/field/);
});
