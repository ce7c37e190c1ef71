import { Failure } from "../model/failure.ts";

/** Three: each conflict means that another change of the record went through, and those are few. */
const conflictsMax = 3;

/**
 * What was decided upon changed meanwhile: decides again upon what it is now (D2).
 * @throws Failure `store.conflict` when that goes on
 */
export async function retryConflicts<T>(change: () => Promise<T>): Promise<T> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      return await change();
    } catch (error) {
      const isConflict = error instanceof Failure && error.code === "store.conflict";
      if (!isConflict || conflicts === conflictsMax) throw error;
    }
  }
}
