import type { Entry } from "../../src/store/store.ts";
import type { Plant } from "../plant.ts";

/** The controller does not remember that it asked for the creation: its successor takes the data for a stranger's. */
export const forgottenCreation: Plant = {
  name: "isCreating is not durable",
  store: (store) =>
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
    }),
};

function forget(entry: Entry): Entry {
  return { ...entry, value: entry.value.replace('"isCreating":true', '"isCreating":false') };
}
