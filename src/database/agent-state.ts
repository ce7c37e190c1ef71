/** What an agent remembers on its own disk, and how it is written there. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { ControllerTerm, Epoch, OperationId } from "../model/region.ts";
import { assignment, commandProgress } from "../wire/agent-protocol.ts";
import { branded, counter } from "../wire/codec.ts";

const stateVersion = 3;
const epoch = counter<Epoch>();
const version = z.number().int().min(0);

const agentState = z.object({
  version: z.literal(stateVersion),
  term: counter<ControllerTerm>(),
  assignments: z.array(assignment),
  /** By instance, `database/number`: the highest that was obeyed, also after its assignment is gone. */
  known: z.record(z.string(), z.object({ epoch, version })),
  /** By instance: the last commands, oldest first. */
  commands: z.record(z.string(), z.array(commandProgress)),
  /** By database. */
  handedOver: z.record(
    z.string(),
    z.object({
      operation: branded<OperationId>(),
      epoch,
      version,
      how: z.enum(["shut-down", "fenced"]),
    }),
  ),
  /** By database: the last promise that another Region's writer was given. */
  promises: z.record(z.string(), z.object({ epoch, ttlMs: z.number().min(0) })),
  /** By database: while the operation goes on, no promise for this epoch or a lower one is given. */
  sealed: z.record(z.string(), z.object({ operation: branded<OperationId>(), epoch, version })),
});

export type AgentState = z.output<typeof agentState>;

/** The writer of this database was stopped here for an operation, and does not start again of itself. */
export type HandOverMark = AgentState["handedOver"][string];

/** The database's writer, or whoever it may be, relies on this Region to promise nothing more. */
export type Seal = AgentState["sealed"][string];

export const nothingYet: AgentState = {
  version: stateVersion,
  term: 0 as ControllerTerm,
  assignments: [],
  known: {},
  commands: {},
  handedOver: {},
  promises: {},
  sealed: {},
};

export function formatState(state: AgentState): string {
  return JSON.stringify(z.encode(agentState, state));
}

/** @throws Failure `state.damaged`, naming `path` */
export function parseState(text: string, path: string): AgentState {
  try {
    const written = JSON.parse(text) as { readonly version: unknown };
    return z.decode(agentState, upgrade(written) as z.input<typeof agentState>);
  } catch (cause) {
    throw new Failure("state.damaged", `Could not understand the agent's state in ${path}`, {
      cause,
    });
  }
}

/** As it was before there were operations: one epoch for good, and nobody to ask for promises. */
type FirstVersion = {
  readonly term: number;
  readonly assignments: readonly {
    readonly database: string;
    readonly number: number;
    readonly epoch: number;
  }[];
  readonly commands: Readonly<Record<string, object>>;
};

type SecondVersion = { readonly assignments: readonly object[] };

function upgrade(written: { readonly version: unknown }): object {
  if (written.version === 1) return fromFirst(written as unknown as FirstVersion);
  if (written.version === 2) return fromSecond(written as unknown as SecondVersion);
  return written;
}

/** Nobody but the writer's own Region was told where the writer is. */
function fromSecond(written: SecondVersion): object {
  const assignments = written.assignments.map((one) => ({ ...one, writer: null }));
  return { ...written, version: stateVersion, assignments };
}

function fromFirst({ term, assignments, commands }: FirstVersion): object {
  // Record versions begin at 1: whatever the controller says next is newer.
  const news = {
    version: 0,
    forks: [],
    operation: null,
    failsafe: [],
    rpoGuardMs: 0,
    isPromoted: true,
    writer: null,
  };
  return {
    ...nothingYet,
    term,
    assignments: assignments.map((one) => ({ ...one, ...news })),
    known: Object.fromEntries(
      assignments.map((one) => [
        `${one.database}/${one.number}`,
        { epoch: one.epoch, version: news.version },
      ]),
    ),
    commands: Object.fromEntries(
      Object.entries(commands).map(([instance, last]) => [instance, [{ ...last, result: null }]]),
    ),
  };
}
