/** Where the agents of all Regions ask: their reports are heard, and every answer carries what they are told to be. */
import type { Json } from "../env/env.ts";
import type { NewEvent } from "../model/event.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { RegionId } from "../model/region.ts";
import { unreachable } from "../std/assert.ts";
import type { Bell } from "../std/bell.ts";
import { commandsAnswer, question, reportAnswer, type Question } from "../wire/agent-protocol.ts";
import { decode, encode } from "../wire/codec.ts";
import type { CommandDesk } from "./command-desk.ts";
import type { EventWriter } from "./event-writer.ts";
import { stateChange } from "./history.ts";
import type { Instructions } from "./instructions.ts";
import type { RegionFacts, Reports } from "./reports.ts";

export type AgentDeskDoors = {
  readonly reports: Reports;
  readonly commands: CommandDesk;
  readonly instructions: Instructions;
  readonly events: EventWriter;
  /** Wakes whoever decides. */
  readonly bell: Bell;
};

export class AgentDesk {
  readonly #doors: AgentDeskDoors;

  constructor(doors: AgentDeskDoors) {
    this.#doors = doors;
  }

  /** Answers an agent; `region` is what its credential stands for. @throws Failure `network.message-invalid` */
  async handle(region: RegionId, message: Json, signal: AbortSignal): Promise<Json> {
    const { commands: desk, instructions, bell } = this.#doors;
    const asked = decode(question, "an agent's question", message);
    switch (asked.kind) {
      case "report":
        return this.#takeReport(region, asked);
      case "outcome":
        desk.hear(region, asked.progress);
        bell.ring();
        return {};
      case "commands": {
        const { batch, commands } = await desk.outbox(region).next(asked.after, signal);
        const instruction = instructions.give(region);
        return encode(commandsAnswer, { ...instruction, batch, commands: [...commands] });
      }
      default:
        return unreachable(asked);
    }
  }

  #takeReport(region: RegionId, asked: Extract<Question, { kind: "report" }>): Json {
    const { reports, instructions } = this.#doors;
    const before = asked.instances.map((report) => reports.last({ ...report, region })?.report);
    const isTaken = reports.take(region, asked.ticket, asked);
    if (isTaken) this.#hear(region, asked, before);
    return encode(reportAnswer, {
      ...instructions.give(region),
      ticket: reports.ticket(region),
      isTaken,
    });
  }

  #hear(
    region: RegionId,
    { instances, events: told }: RegionFacts & { readonly events: readonly NewEvent[] },
    before: readonly (InstanceReport | undefined)[],
  ): void {
    const { commands, events, bell } = this.#doors;
    for (const event of told) void events.append(event);
    for (const [index, report] of instances.entries()) {
      commands.hear(region, report.command);
      const event = stateChange({ ...report, region }, before[index], report);
      if (event) void events.append(event);
    }
    bell.ring();
  }
}
