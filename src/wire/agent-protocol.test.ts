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
  fc.record({ kind: fc.constantFrom("absent", "creating", "serving") }),
  fc.record({
    kind: fc.constantFrom("stopped", "starting", "catching-up", "fenced"),
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
});
const report = fc.record({
  database: name,
  number,
  role: optional(fc.constantFrom("primary", "secondary")),
  state,
  epoch: optional(count),
  systemId: optional(name),
  position: optional(fc.record({ timeline: number, flushedLsn: lsn, replayedLsn: lsn })),
  lags: fc.array(lag, { maxLength: 3 }),
  command: optional(
    fc.record({ id: text, outcome: fc.constantFrom("running", "done", "failed"), because: text }),
  ),
});
const anyQuestion = fc.oneof(
  fc.record({
    kind: kind("report"),
    ticket: text,
    instances: fc.array(report, { maxLength: 3 }),
  }),
  fc.record({ kind: kind("commands"), after: count }),
);

const upstream = fc.record({
  address: fc.record({ host: text, port: number }),
  slot: text,
  applicationName: text,
});
const assignment = fc.record({
  database: name,
  number,
  epoch: count,
  systemId: optional(name),
  role: fc.constantFrom("primary", "secondary"),
  upstream: optional(upstream),
  slots: fc.array(fc.record({ slot: text, region: name, number }), { maxLength: 3 }),
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
    password: new Secret("hunter2"),
  };
  const answer = {
    term: 1,
    batch: 3,
    commands: [
      {
        id: "build/orders/us-east-1/1/1.1",
        term: 1,
        epoch: 1,
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
