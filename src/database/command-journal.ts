/**
 * What one agent has been told, on its own disk: the highest controller term and epoch it obeyed, its
 * assignments, and the last command of each instance with its outcome, so that it refuses what is older
 * and repeats what it did, also after its own restart.
 */
import { z } from "zod";
import type { Files } from "../env/env.ts";
import type { Assignment } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { ControllerTerm, Epoch } from "../model/region.ts";
import { assignment } from "../wire/agent-protocol.ts";
import { counter } from "../wire/codec.ts";

const stateVersion = 1;

const agentState = z.object({
  version: z.literal(stateVersion),
  term: counter<ControllerTerm>(),
  assignments: z.array(assignment),
  /** By instance, `database/number`. */
  commands: z.record(
    z.string(),
    z.object({
      id: z.string(),
      outcome: z.enum(["running", "done", "failed"]),
      because: z.string(),
    }),
  ),
});

type AgentState = z.output<typeof agentState>;

export class CommandJournal {
  readonly #files: Files;
  readonly #path: string;
  #state: AgentState;
  #written: string;

  /** @throws Failure `state.damaged` when the file is there and cannot be understood. */
  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
    const text = files.read(path);
    this.#state = text === undefined ? nothingYet : parse(text, path);
    this.#written = text ?? "";
  }

  get assignments(): readonly Assignment[] {
    return this.#state.assignments;
  }

  command(instance: string): CommandProgress | undefined {
    return this.#state.commands[instance];
  }

  /**
   * Keeps what a controller of `term` says.
   * @throws Failure `agent.superseded` when a controller of a higher term, or a higher epoch, was obeyed before.
   */
  obey(term: ControllerTerm, assignments: readonly Assignment[]): void {
    this.refuseOlder(term, undefined);
    for (const { database, number, epoch } of assignments) {
      const known = this.#epoch(database, number);
      if (known !== undefined && epoch < known) {
        throw new Failure(
          "agent.superseded",
          `Refused epoch ${epoch} of ${database}: this agent has obeyed epoch ${known}`,
        );
      }
    }
    this.#save({ ...this.#state, term, assignments: [...assignments] });
  }

  /** @throws Failure `agent.superseded` */
  refuseOlder(
    term: ControllerTerm,
    target:
      | { readonly database: string; readonly number: number; readonly epoch: Epoch }
      | undefined,
  ): void {
    if (term < this.#state.term) {
      throw new Failure(
        "agent.superseded",
        `Refused a controller of term ${term}: this agent has obeyed term ${this.#state.term}`,
      );
    }
    const known = target && this.#epoch(target.database, target.number);
    if (target && known !== undefined && target.epoch < known) {
      throw new Failure(
        "agent.superseded",
        `Refused a command of epoch ${target.epoch} for ${target.database}: this agent has obeyed epoch ${known}`,
      );
    }
  }

  /** Durable before the deed (`running`) and after it. */
  note(instance: string, progress: CommandProgress): void {
    this.#save({ ...this.#state, commands: { ...this.#state.commands, [instance]: progress } });
  }

  #epoch(database: string, number: number): Epoch | undefined {
    return this.#state.assignments.find(
      (known) => known.database === database && known.number === number,
    )?.epoch;
  }

  #save(state: AgentState): void {
    const text = JSON.stringify(z.encode(agentState, state));
    if (text !== this.#written) this.#files.write(this.#path, text, 0o600);
    this.#written = text;
    this.#state = state;
  }
}

const nothingYet: AgentState = {
  version: stateVersion,
  term: 0 as ControllerTerm,
  assignments: [],
  commands: {},
};

function parse(text: string, path: string): AgentState {
  try {
    return z.decode(agentState, JSON.parse(text) as z.input<typeof agentState>);
  } catch (cause) {
    throw new Failure("state.damaged", `Could not understand the agent's state in ${path}`, {
      cause,
    });
  }
}
