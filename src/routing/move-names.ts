/** What is to be stored and told when names are not where they should be. Pure. */
import type { DatabaseNames } from "../model/traffic.ts";
import { decideNames, type NamedDatabase } from "./names.ts";
import { dropNames, putNames } from "./stored-traffic.ts";
import { namesEvent, namesGoneEvent } from "./traffic-events.ts";
import type { Draft } from "./traffic-truth.ts";

/** At most `max` databases at once; both names of one always move together. */
export function moveNames(
  databases: readonly NamedDatabase[],
  present: readonly DatabaseNames[],
  max: number,
): Draft {
  const next = decideNames(databases, present);
  const gone = present.filter((old) => !next.some((one) => one.database === old.database));
  const moved = next.filter((one) => !present.includes(one));
  const before = ({ database }: DatabaseNames): DatabaseNames | undefined =>
    present.find((old) => old.database === database);
  const steps = [
    ...moved.map((one) => ({ change: putNames(one), event: namesEvent(before(one), one) })),
    ...gone.map((old) => ({ change: dropNames(old.database), event: namesGoneEvent(old) })),
  ].slice(0, max);
  return { changes: steps.map(({ change }) => change), events: steps.map(({ event }) => event) };
}
