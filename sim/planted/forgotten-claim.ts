import { operationPrefix } from "../../src/database/operation-record.ts";
import type { Entry, Store } from "../../src/store/store.ts";
import type { Plant } from "../plant.ts";

type Written = { readonly phase: string; readonly step: string; readonly kind: string };

/** A controller that comes after another reads the journal as if the claim had not been made. */
function forgetClaims(kind: string, firstStep: string): (store: Store) => Store {
  const forget = (entry: Entry): Entry => {
    if (!entry.key.startsWith(operationPrefix)) return entry;
    const written = JSON.parse(entry.value) as Written;
    if (written.kind !== kind || written.phase !== "claimed") return entry;
    const before = { ...written, phase: "before-claim", step: firstStep };
    return { ...entry, value: JSON.stringify(before) };
  };
  return (store) =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "list") return member.bind(target) as unknown;
        return async (prefix: string, signal: AbortSignal) => {
          const seen = await target.list(prefix, signal);
          return { ...seen, entries: seen.entries.map(forget) };
        };
      },
    });
}

export const resumedTwice: Plant = {
  name: "an operation is resumed from before its claim, and claims again",
  store: forgetClaims("failover", "fence"),
};

export const rolledBackLate: Plant = {
  name: "an operation is rolled back past the point of no return",
  store: forgetClaims("switchover", "hand-over"),
};
