/**
 * What a text says of itself, before any catalog is asked. It is found once per text; what it means is judged again
 * whenever the catalog changes, in some microseconds and without a parser.
 */
import type { Effect, Place } from "./sql.ts";

export type TextUses = {
  readonly count: number;
  /** By grammar alone: `writer` stays so, whatever the catalog says. */
  readonly place: Place;
  readonly because: string;
  readonly effects: readonly Effect[];
  readonly isPlain: boolean;
  /** By their last name, in no order, each once. */
  readonly functions: readonly string[];
  readonly operators: readonly string[];
  readonly types: readonly string[];
  readonly relations: readonly string[];
  /** Of `a.b` and `(a).b` the `b`: where there is no such column, PostgreSQL calls a function of that name. */
  readonly fields: readonly string[];
};

const nothing = { functions: [], operators: [], types: [], relations: [], fields: [] } as const;

/** Of a text that nobody could look into: it may have done anything to its session. */
export function unread(because: string): TextUses {
  return {
    count: 1,
    place: "writer",
    because,
    effects: [{ kind: "opaque" }],
    isPlain: false,
    ...nothing,
  };
}

/** One command without anything in it. */
export function command(effect: Effect, place: Place, because: string): TextUses {
  return { count: 1, place, because, effects: [effect], isPlain: false, ...nothing };
}
