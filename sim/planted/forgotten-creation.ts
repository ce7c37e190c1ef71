import type { Plant } from "../plant.ts";

/** The controller does not remember that it asked for the creation: its successor takes the data for a stranger's. */
export const forgottenCreation: Plant = {
  name: "isCreating is not durable",
  store: (store) =>
    new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "get") return member.bind(target) as unknown;
        return async (key: string, signal: AbortSignal) => {
          const entry = await target.get(key, signal);
          const value = entry?.value.replace('"isCreating":true', '"isCreating":false');
          return entry && { ...entry, value };
        };
      },
    }),
};
