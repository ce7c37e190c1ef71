/**
 * What agents and the controller say to each other. An agent asks two things, each over and over: `report`
 * (answered at once: what to be, and the lease) and `commands` (answered as soon as there is one for it).
 */
import { z } from "zod";
import type { Assignment, Command, LeaseGrant } from "../model/assignment.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { ControllerTerm, DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { branded, counter, lsn, maybe, secret } from "./codec.ts";

const database = branded<DatabaseId>();
const region = branded<RegionId>();
const systemId = branded<SystemId>();
const epoch = counter<Epoch>();
const term = counter<ControllerTerm>();
const number = z.number().int().min(1);
const bytes = z.number().min(0);
const because = z.string();

const state = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("absent") }),
  z.object({ kind: z.literal("creating") }),
  z.object({
    kind: z.literal("cloning"),
    receivedBytes: bytes,
    totalBytes: maybe(bytes),
    bytesPerSecond: bytes,
  }),
  z.object({ kind: z.literal("stopped"), because }),
  z.object({ kind: z.literal("starting"), because }),
  z.object({ kind: z.literal("serving") }),
  z.object({ kind: z.literal("catching-up"), because }),
  z.object({ kind: z.literal("fenced"), because }),
  z.object({ kind: z.literal("failed"), because, code: z.string() }),
]);

const lag = z.object({
  region,
  number,
  isStreaming: z.boolean(),
  lagBytes: maybe(bytes),
  lagMs: maybe(z.number()),
  rpoLagMs: maybe(z.number()),
  progressLagMs: maybe(z.number()),
  sentBytes: bytes,
  slotIsIntact: z.boolean(),
});

export const instanceReport: z.ZodType<InstanceReport> = z.object({
  database,
  number,
  role: maybe(z.enum(["primary", "secondary"])),
  state,
  epoch: maybe(epoch),
  systemId: maybe(systemId),
  position: maybe(z.object({ timeline: z.number().int(), flushedLsn: lsn, replayedLsn: lsn })),
  lags: z.array(lag),
  command: maybe(
    z.object({ id: z.string(), outcome: z.enum(["running", "done", "failed"]), because }),
  ),
});

const address = z.object({ host: z.string(), port: z.number().int() });
const upstream = z.object({ address, slot: z.string(), applicationName: z.string() });

export const assignment: z.ZodType<Assignment> = z.object({
  database,
  number,
  epoch,
  systemId: maybe(systemId),
  role: z.enum(["primary", "secondary"]),
  upstream: maybe(upstream),
  slots: z.array(z.object({ slot: z.string(), region, number })),
});

const lease: z.ZodType<LeaseGrant> = z.object({ database, epoch, ttlMs: z.number().min(0) });

const role = z.object({
  name: z.string(),
  login: z.boolean(),
  superuser: z.boolean(),
  replication: z.boolean(),
  password: secret,
});

export const command: z.ZodType<Command> = z.object({
  id: z.string(),
  term,
  epoch,
  operation: z.string(),
  step: z.string(),
  database,
  number,
  action: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("create"),
      databaseName: z.string(),
      owner: maybe(z.string()),
      roles: z.array(role),
    }),
    z.object({ kind: z.literal("clone"), upstream, systemId, replace: z.boolean() }),
  ]),
});

/** An agent's two questions. */
export const question = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("report"),
    /** Of the last answer; empty at the agent's start. A report without the last ticket is answered, not believed. */
    ticket: z.string(),
    instances: z.array(instanceReport),
  }),
  z.object({
    kind: z.literal("commands"),
    /** The newest batch that the agent has seen; 0 at its start. */
    after: z.number().int().min(0),
  }),
]);

export const reportAnswer = z.object({
  term,
  /** For the next report. */
  ticket: z.string(),
  /** False: report again at once, with this ticket. */
  isTaken: z.boolean(),
  assignments: z.array(assignment),
  leases: z.array(lease),
});

export const commandsAnswer = z.object({
  term,
  batch: z.number().int().min(0),
  commands: z.array(command),
});

export type Question = z.output<typeof question>;
export type ReportAnswer = z.output<typeof reportAnswer>;
export type CommandsAnswer = z.output<typeof commandsAnswer>;
