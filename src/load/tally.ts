/** Everything that is counted during a run, in memory that does not grow with it. */
import { Group } from "./group.ts";
import { errorKinds, type ErrorKind, type Figures, type LoadResult } from "./load.ts";
import { Moving } from "./moving.ts";

export type Sample = {
  /** Since the start of the run, when it ended. */
  readonly atMs: number;
  readonly step: string;
  /** Undefined: nobody said. */
  readonly region: string | undefined;
  /** Until its answer was read; undefined: there was none. */
  readonly ms: number | undefined;
  readonly error: Trouble | undefined;
};

export type Trouble = { readonly kind: ErrorKind; readonly message: string };

/** 64 names of each kind: a journey that makes up a new one each time fills no memory. */
const namesMax = 64;

/** Where the others are counted. */
const otherName = "other";

/** 5: enough to see what is wrong. */
const messagesMax = 5;

/** 200 characters of each. */
const messageCharsMax = 200;

type Named = { readonly all: Group; readonly moving: Moving };

export class Tally {
  readonly #total: Named = named();
  readonly #regions = new Map<string, Named>();
  readonly #steps = new Map<string, Group>();
  readonly #errors = new Map<ErrorKind, { count: number; readonly messages: string[] }>();
  #completed = 0;
  #failed = 0;

  request({ atMs, step, region, ms, error }: Sample): void {
    const isError = error !== undefined;
    this.#total.all.record(ms, isError);
    this.#total.moving.at(atMs).record(ms, isError);
    of(this.#steps, step, () => new Group()).record(ms, isError);
    if (region !== undefined) {
      const { all, moving } = of(this.#regions, region, named);
      all.record(ms, isError);
      moving.at(atMs).record(ms, isError);
    }
    if (error) this.#trouble(error);
  }

  journey(outcome: "completed" | "failed"): void {
    if (outcome === "completed") this.#completed += 1;
    else this.#failed += 1;
  }

  /** A journey threw something of its own: that is no request's error. */
  journeyThrew(message: string): void {
    this.#trouble({ kind: "journey", message });
  }

  #trouble({ kind, message }: Trouble): void {
    const known = this.#errors.get(kind) ?? { count: 0, messages: [] };
    known.count += 1;
    const told = message.slice(0, messageCharsMax);
    if (known.messages.length < messagesMax && !known.messages.includes(told)) {
      known.messages.push(told);
    }
    this.#errors.set(kind, known);
  }

  /** Of the last seconds, all together and by Region. */
  recent(nowMs: number): Recent {
    const figures = ({ moving }: Named): Figures => {
      const { group, seconds } = moving.recent(nowMs);
      return group.figures(seconds * 1_000);
    };
    return {
      ...figures(this.#total),
      errorsSoFar: this.#total.all.errors,
      regions: [...this.#regions].map(([region, one]) => ({ region, ...figures(one) })),
    };
  }

  /** @param elapsedMs above 0 */
  result(elapsedMs: number, unfinished: number): LoadResult {
    return {
      ...this.#total.all.figures(elapsedMs),
      elapsedMs,
      errorsByKind: errorKinds.flatMap((kind) => {
        const known = this.#errors.get(kind);
        return known ? [{ kind, count: known.count, messages: [...known.messages] }] : [];
      }),
      regions: [...this.#regions]
        .map(([region, { all }]) => ({ region, ...all.figures(elapsedMs) }))
        .toSorted((a, b) => (a.region < b.region ? -1 : 1)),
      steps: [...this.#steps].map(([step, group]) => ({ step, ...group.figures(elapsedMs) })),
      journeys: { completed: this.#completed, failed: this.#failed },
      unfinished,
    };
  }
}

export type Recent = Figures & {
  /** Since the start. */
  readonly errorsSoFar: number;
  readonly regions: readonly (Figures & { readonly region: string })[];
};

function named(): Named {
  return { all: new Group(), moving: new Moving() };
}

function of<T>(groups: Map<string, T>, name: string, make: () => T): T {
  const found = groups.get(name);
  if (found !== undefined) return found;
  if (groups.size >= namesMax && name !== otherName) return of(groups, otherName, make);
  const made = make();
  groups.set(name, made);
  return made;
}
