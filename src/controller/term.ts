import { Failure } from "../model/failure.ts";
import type { ControllerTerm } from "../model/region.ts";
import type { Store } from "../store/store.ts";

const termKey = "controller/term";

/** The next term, durable before the first command that carries it. @throws Failure `store.conflict` */
export async function takeTerm(store: Store, signal: AbortSignal): Promise<ControllerTerm> {
  const last = await store.get(termKey, signal);
  const term = (last ? Number(last.value) + 1 : 1) as ControllerTerm;
  const unchanged = last
    ? { key: termKey, modRevision: last.modRevision }
    : { key: termKey, version: 0 };
  const put = { kind: "put", key: termKey, value: String(term) } as const;
  const { succeeded } = await store.commit([unchanged], [put], signal);
  if (!succeeded)
    throw new Failure("store.conflict", "Another controller took the next term first");
  return term;
}
