import type { Plant } from "../plant.ts";

/** Missing data are taken for a new beginning: an empty writer comes up where the old one was. */
export const recreatingKeeper: Plant = {
  name: "missing data are created anew",
  postgres: (postgres) => {
    let hadData = false;
    return new Proxy(postgres, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "inspect") return member.bind(target) as unknown;
        return async (signal: AbortSignal) => {
          const data = await target.inspect(signal);
          if (data.kind === "absent" && hadData) {
            await target.create({ databaseName: "orders", roles: [], owner: undefined }, signal);
            return target.inspect(signal);
          }
          hadData ||= data.kind === "present" && !data.isStandby;
          return data;
        };
      },
    });
  },
};
