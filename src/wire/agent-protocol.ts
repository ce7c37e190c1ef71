/**
 * What agents and the controller say to each other. An agent asks two things, each over and over: `report`
 * (answered at once: what to be, and the lease) and `commands` (answered as soon as there is one for it).
 */
import { z } from "zod";
import type { Assignment, Command, LeaseGrant } from "../model/assignment.ts";
import type { NewEvent } from "../model/event.ts";
import type { EvidenceItem, EvidenceSlot } from "../model/evidence.ts";
import type { CommandProgress, InstanceReport } from "../model/instance.ts";
import { predefinedRoles } from "../model/predefined-role.ts";
import type {
  ControllerTerm,
  DatabaseId,
  Epoch,
  OperationId,
  RegionId,
  SystemId,
} from "../model/region.ts";
import { branded, counter, lsn, maybe, secret } from "./codec.ts";
import { fork } from "./fork.ts";
import { gatewayFacts } from "./gateway-protocol.ts";

const database = branded<DatabaseId>();
const region = branded<RegionId>();
const systemId = branded<SystemId>();
const epoch = counter<Epoch>();
const term = counter<ControllerTerm>();
const operation = branded<OperationId>();
const number = z.number().int().min(1);
const version = z.number().int().min(0);
const bytes = z.number().min(0);
const because = z.string();
const pins = z.enum(["refuse", "end"]);

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
  z.object({ kind: z.literal("promoting") }),
  z.object({ kind: z.literal("diverged"), because }),
  z.object({ kind: z.literal("failed"), because, code: z.string() }),
]);

const result = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("token"), systemId, timeline: z.number().int(), lsn }),
  z.object({ kind: z.literal("watching"), isProbing: z.boolean() }),
  z.object({ kind: z.literal("position"), timeline: z.number().int(), replayedLsn: lsn }),
  z.object({ kind: z.literal("promoted"), fork, writePauseMs: maybe(z.number()) }),
]);

export const commandProgress: z.ZodType<CommandProgress> = z.object({
  id: z.string(),
  outcome: z.enum(["running", "done", "failed"]),
  because,
  result: maybe(result),
});

const evidenceSlot: z.ZodType<EvidenceSlot> = z.object({
  database: z.string(),
  confirmedLsn: maybe(lsn),
  retainedBytes: bytes,
  isIntact: z.boolean(),
  isPinned: z.boolean(),
});

export const evidenceItem: z.ZodType<EvidenceItem> = z.object({
  name: z.string(),
  database,
  region,
  number,
  systemId,
  timeline: z.number().int(),
  forkLsn: maybe(lsn),
  epoch,
  atWallMs: z.number(),
  because,
  bytes,
  path: z.string(),
});

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
  walFromLsn: maybe(lsn),
  loss: maybe(z.object({ transactions: z.number(), bytes, isExact: z.boolean() })),
});

const rpoGuard = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("off") }),
  z.object({ kind: z.literal("watching") }),
  z.object({ kind: z.literal("holding") }),
  z.object({ kind: z.literal("suspended"), because }),
]);

export const instanceReport: z.ZodType<InstanceReport> = z.object({
  database,
  number,
  role: maybe(z.enum(["primary", "secondary"])),
  state,
  epoch: maybe(epoch),
  version,
  lease: maybe(z.object({ leftMs: z.number(), from: z.enum(["controller", "promises"]) })),
  systemId: maybe(systemId),
  timeline: maybe(z.number().int()),
  position: maybe(z.object({ timeline: z.number().int(), flushedLsn: lsn, replayedLsn: lsn })),
  diskFreeBytes: maybe(bytes),
  lags: z.array(lag),
  evidenceSlots: z.array(evidenceSlot),
  rpoGuard,
  command: maybe(commandProgress),
});

const address = z.object({ host: z.string(), port: z.number().int() });
const upstream = z.object({ address, slot: z.string(), applicationName: z.string() });

export const assignment: z.ZodType<Assignment> = z.object({
  database,
  number,
  epoch,
  version,
  systemId: maybe(systemId),
  role: z.enum(["primary", "secondary"]),
  writer: maybe(region),
  isPromoted: z.boolean(),
  upstream: maybe(upstream),
  slots: z.array(z.object({ slot: z.string(), region, number })),
  forks: z.array(fork),
  operation: maybe(operation),
  failsafe: z.array(z.object({ region, address })),
  rpoGuardMs: z.number().min(0),
});

const lease: z.ZodType<LeaseGrant> = z.object({ database, epoch, ttlMs: z.number().min(0) });

const role = z.object({
  name: z.string(),
  login: z.boolean(),
  superuser: z.boolean(),
  replication: z.boolean(),
  memberOf: z.array(z.enum(predefinedRoles)),
  password: secret,
});

export const command: z.ZodType<Command> = z.object({
  id: z.string(),
  term,
  epoch,
  version,
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
    z.object({ kind: z.literal("checkpoint") }),
    z.object({ kind: z.literal("await-handover"), upstream }),
    z.object({ kind: z.literal("hand-over"), withinMs: z.number(), pins }),
    z.object({ kind: z.literal("fence") }),
    z.object({ kind: z.literal("seal"), epoch }),
    z.object({
      kind: z.literal("catch-up"),
      upstream,
      untilLsn: lsn,
      withinMs: z.number(),
    }),
    z.object({ kind: z.literal("promote"), passOver: z.boolean() }),
    z.object({ kind: z.literal("set-aside"), because }),
    z.object({ kind: z.literal("discard"), forks: z.array(fork) }),
    z.object({ kind: z.literal("remove-evidence"), name: z.string() }),
  ]),
});

const event: z.ZodType<NewEvent> = z.object({
  kind: z.string(),
  message: z.string(),
  region: maybe(region),
  database: maybe(database),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** How long another Region's agent has not been heard, on the reporter's own clock, in ms. */
const peerSilence = z.object({ region, silentMs: z.number().min(0) });

/** An agent's questions. */
export const question = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("report"),
    /** Of the last answer; empty at the agent's start. A report without the last ticket is answered, not believed. */
    ticket: z.string(),
    instances: z.array(instanceReport),
    evidence: z.array(evidenceItem),
    peers: z.array(peerSilence),
    /** Undefined where Regions have no gateway. */
    gateway: maybe(gatewayFacts),
    /** What happened here since the last report that was taken, for the archive. */
    events: z.array(event),
  }),
  /** A command's progress, told at once: an operation that holds writes waits for it. Answered with nothing. */
  z.object({ kind: z.literal("outcome"), database, number, progress: commandProgress }),
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
  /** As in the answer to a report, so that a command never waits for what it rests on. */
  assignments: z.array(assignment),
  leases: z.array(lease),
  commands: z.array(command),
});

/** What one agent asks another, directly: to promise not to be promoted (`promise`), or whether it lives (`ping`). */
export const peerQuestion = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ping") }),
  z.object({ kind: z.literal("promise"), database, epoch, ttlMs: z.number().min(0) }),
]);

/** `isGiven` false: it is sealed, or knows a later epoch; `because` says which. */
export const peerAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pong") }),
  z.object({ kind: z.literal("promise"), isGiven: z.boolean(), because }),
]);

export type PeerQuestion = z.output<typeof peerQuestion>;
export type PeerAnswer = z.output<typeof peerAnswer>;

export type Question = z.output<typeof question>;
export type ReportAnswer = z.output<typeof reportAnswer>;
export type CommandsAnswer = z.output<typeof commandsAnswer>;
