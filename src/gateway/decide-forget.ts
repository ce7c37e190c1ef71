/**
 * DEALLOCATE and DISCARD ALL, where no server has what they forget. Servers know a client's statement by another name,
 * and under the client's own they may not find it; drivers do ask them to. Pure.
 */
import type { UnitView } from "./decide-unit.ts";

export type Forgetting =
  /** `name` undefined: all. `isKnown`: the client has prepared it. */
  | { readonly kind: "deallocate"; readonly name: string | undefined; readonly isKnown: boolean }
  | { readonly kind: "discard-all" };

/** Undefined: it is something else, or a server's to answer. */
export function decideForget(view: UnitView): Forgetting | undefined {
  const { meaning, phase, isLinked, isAsStarted } = view;
  const [effect] = meaning.effects;
  if (meaning.count !== 1 || effect === undefined) return undefined;
  if (effect.kind === "deallocate") return decideDeallocate(view, effect.name);
  if (effect.kind !== "discard-all") return undefined;
  // Who has set something is told by a server what is reported of it.
  return phase.kind === "idle" && !isLinked && isAsStarted ? effect : undefined;
}

function decideDeallocate(view: UnitView, name: string | undefined): Forgetting | undefined {
  const { phase, isLinked, names, hasPrepared } = view;
  if (name === undefined) {
    return hasPrepared ? undefined : { kind: "deallocate", name, isKnown: true };
  }
  const isKnown = names.has(protocolName(name));
  // A server that is in a transaction says itself that it has none, so that the transaction fails as well.
  const isTheirs = hasPrepared || (phase.kind !== "idle" && isLinked);
  return isKnown || !isTheirs ? { kind: "deallocate", name, isKnown } : undefined;
}

/** As names of prepared statements are kept: a character for a byte. */
export function protocolName(name: string): string {
  return Buffer.from(name, "utf8").toString("latin1");
}
