/**
 * What one agent has been told, on its own disk: the highest controller term and epoch it obeyed, its
 * assignments, and the last command of each instance with its outcome, so that it refuses what is older
 * and repeats what it did, also after its own restart.
 */
import { z } from "zod";
import type { Files } from "../env/env.ts";
import type { Assignment, Command } from "../model/assignment.ts";
import { Failure } from "../model/failure.ts";
import type { CommandProgress } from "../model/instance.ts";
import type { ControllerTerm } from "../model/region.ts";
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
    this.#refuseOlderTerm(term);
    for (const given of assignments) this.#refuseOlderEpoch(given);
    this.#save({ ...this.#state, term, assignments: [...assignments] });
  }

  /**
   * Lets a command pass, and keeps its term: the controller that gave it may speak here before it says what to be.
   * @throws Failure `agent.superseded`, as `obey` does
   */
  admit({ term, database, number, epoch }: Command): void {
    this.#refuseOlderTerm(term);
    this.#refuseOlderEpoch({ database, number, epoch });
    this.#save({ ...this.#state, term });
  }

  /** Durable before the deed (`running`) and after it. */
  note(instance: string, progress: CommandProgress): void {
    this.#save({ ...this.#state, commands: { ...this.#state.commands, [instance]: progress } });
  }

  #refuseOlderTerm(term: ControllerTerm): void {
    const known = this.#state.term;
    if (term >= known) return;
    const because = `this agent has obeyed term ${known}`;
    throw new Failure("agent.superseded", `Refused a controller of term ${term}: ${because}`);
  }

  #refuseOlderEpoch(target: Pick<Assignment, "database" | "number" | "epoch">): void {
    const known = this.#state.assignments.find(
      ({ database, number }) => database === target.database && number === target.number,
    );
    if (!known || target.epoch >= known.epoch) return;
    const because = `this agent has obeyed epoch ${known.epoch}`;
    throw new Failure(
      "agent.superseded",
      `Refused epoch ${target.epoch} of ${target.database}: ${because}`,
    );
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
