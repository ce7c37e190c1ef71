/** What names, and the safety rules of routing controls, have to know of the databases. Pure. */
import type { SystemSnapshot } from "../database/system-snapshot.ts";
import type { DatabaseId } from "../model/region.ts";
import { isAnswering } from "./writer-answers.ts";
import type { DataFacts, NamedDatabase } from "../routing/routing.ts";

/**
 * Every database by its name; a local one is several systems. `isNew`: the controller has not listened for long, so
 * that a Region which has not been heard may be well.
 */
export function namedDatabases(
  systems: readonly SystemSnapshot[],
  { isNew }: { readonly isNew: boolean },
): readonly NamedDatabase[] {
  const names = [...new Set(systems.map(({ system }) => system.name))];
  return names.flatMap((name) => {
    const parts = systems.filter(({ system }) => system.name === name);
    const [first] = parts;
    if (!first) return [];
    return [
      {
        database: name as DatabaseId,
        kind: first.system.kind,
        primary: first.record.primary,
        acceptsWrites: acceptsWrites(first),
        members: parts.flatMap((part) => membersOf(part, isNew)),
      },
    ];
  });
}

/** Of its present epoch: created, or promoted and verified by a write of its own. */
function acceptsWrites({ record, instances }: SystemSnapshot): boolean {
  if (record.systemId === undefined || !record.isPromoted) return false;
  // The first of its life has no promotion to rest on.
  const writer = instances.find(({ isWriter }) => isWriter)?.report;
  return record.epoch > 1 || writer?.state.kind === "serving";
}

function membersOf(
  { record, instances }: SystemSnapshot,
  isNew: boolean,
): NamedDatabase["members"] {
  const answering = (kinds: readonly string[]): NamedDatabase["members"] =>
    record.members.map((region) => {
      const here = instances.filter(({ id }) => id.region === region);
      const heard = here.filter(({ report }) => report !== undefined);
      // Of a Region that was switched off, or lost, the last report is forgotten.
      if (heard.length === 0) return { region, servesReads: isNew ? undefined : false };
      const servesReads = heard.some(
        (one) => isAnswering(one) && kinds.includes(one.report?.state.kind ?? ""),
      );
      return { region, servesReads };
    });
  const good = answering(["serving"]);
  // A secondary whose writer is lost follows nobody, and can still be read: better than a place that is gone.
  const isAnywhere = good.some(({ servesReads }) => servesReads !== false);
  return isAnywhere ? good : answering(["serving", "catching-up"]);
}

/** What safety rules may ask. */
export function dataFacts(systems: readonly SystemSnapshot[]): DataFacts {
  return {
    databases: systems
      .filter(({ system }) => system.kind === "global")
      .map((snapshot) => ({
        database: snapshot.system.name as DatabaseId,
        // Between the claim of a failover and its end the lock is held; before it, the lease has to be over.
        isFenceProved: !snapshot.record.isFencing || snapshot.leaseLeftMs === 0,
        copies: snapshot.record.members.map((region) => ({
          region,
          lagMs: region === snapshot.record.primary ? 0 : lagOf(snapshot, region),
        })),
      })),
  };
}

/** As the writer measures it; the worst of the Region's instances. */
function lagOf({ instances }: SystemSnapshot, region: string): number | undefined {
  const writer = instances.find((one) => one.isWriter && isAnswering(one))?.report;
  const lags = writer?.lags.filter((lag) => lag.region === region) ?? [];
  const known = lags.flatMap(({ lagMs }) => (lagMs === undefined ? [] : [lagMs]));
  return known.length === 0 || known.length < lags.length ? undefined : Math.max(...known);
}
