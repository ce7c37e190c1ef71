/** What a PgBouncer's moves are to people and programs: events, and the pulse that its facts have changed. */
import type { NewEvent } from "../model/event.ts";
import type { RegionId } from "../model/region.ts";
import type { PoolerSettings } from "../wire/program-settings.ts";
import { leadsToTheSame, lineOf, targetOf, type Line } from "./line.ts";
import type { PauseEnd } from "./pauses.ts";

export type Move = { readonly name: string; readonly from: Line; readonly to: Line };

export type Outcome = {
  /** From the moment when it was told until PgBouncer did it. */
  readonly ms: number;
  readonly pauseEnd: PauseEnd;
};

export interface PoolerNews {
  changed(): void;
  moved(move: Move, outcome: Outcome): void;
  mended(): void;
  resumed(names: readonly string[]): void;
  evicted(whom: string, because: string): void;
}

export type Hooks = {
  /** `facts` are other ones. */
  readonly changed: () => void;
  readonly tell: (event: NewEvent) => void;
};

/** Names that lead elsewhere than before. */
export function movesOf(before: readonly Line[], after: readonly Line[]): readonly Move[] {
  return after.flatMap((to) => {
    const from = lineOf(before, to.name);
    return from && !leadsToTheSame(from, to) ? [{ name: to.name, from, to }] : [];
  });
}

export class EventNews implements PoolerNews {
  readonly #hooks: Hooks;
  readonly #region: RegionId;
  readonly #names: PoolerSettings["names"];

  constructor(hooks: Hooks, region: RegionId, names: PoolerSettings["names"]) {
    this.#hooks = hooks;
    this.#region = region;
    this.#names = names;
  }

  changed(): void {
    this.#hooks.changed();
  }

  moved({ name, from, to }: Move, { ms, pauseEnd }: Outcome): void {
    const how = pauseSentences[pauseEnd];
    this.#tell(
      "pooler.moved",
      `PgBouncer in ${this.#region} leads ${name} to ${targetOf(to)}.${how}`,
      { name, from: targetOf(from), to: targetOf(to), ms: Math.round(ms), pause: pauseEnd },
    );
  }

  mended(): void {
    const message = `Somebody had changed the files of PgBouncer in ${this.#region}; they are as before.`;
    this.#tell("pooler.mended", message, {});
  }

  resumed(names: readonly string[]): void {
    const all = names.join(", ");
    const message = `PgBouncer in ${this.#region} had ${all} paused for nobody; clients go on.`;
    this.#tell("pooler.resumed", message, { name: all });
  }

  evicted(whom: string, because: string): void {
    const message = `PgBouncer in ${this.#region} let ${whom} go: ${because}.`;
    this.#tell("pooler.evicted", message, { whom, because });
  }

  #tell(kind: string, message: string, details: NewEvent["details"]): void {
    const name = details["name"];
    const database = this.#names.find((one) => one.name === name)?.database;
    this.#hooks.tell({ kind, message, region: this.#region, database, details });
  }
}

const pauseSentences: Readonly<Record<PauseEnd, string>> = {
  quiet: "",
  deadline: " Transactions that were open end where they began.",
  silent: " The gateway that it led to gives no answer.",
};
