import type { EvidenceNote } from "../../src/model/evidence.ts";
import type { Plant } from "../plant.ts";

/** Evidence has one name for each instance: the second one takes the place of the first. */
export const oneEvidence: Plant = {
  name: "evidence is overwritten",
  postgres: (postgres) =>
    new Proxy(postgres, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name !== "setAside") return member.bind(target) as unknown;
        return (note: EvidenceNote, signal: AbortSignal) =>
          target.setAside({ ...note, name: "evidence" }, signal);
      },
    }),
};
