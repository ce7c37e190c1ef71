/** What changed in the traffic, for people and for automation. Pure. */
import type { NewEvent } from "../model/event.ts";
import type { RegionId } from "../model/region.ts";
import type { DatabaseNames } from "../model/traffic.ts";
import type { ControlChange } from "./controls.ts";
import type { BrokenRule } from "./rules.ts";

const nowhere = { region: undefined, database: undefined };

/** One event of the batch, and one of each rule that was overridden. */
export function controlEvents(
  changes: readonly ControlChange[],
  overridden: readonly BrokenRule[],
  reason: string,
): readonly NewEvent[] {
  const said = changes.map(({ control, isOn }) => `${control} ${isOn ? "On" : "Off"}`).join(", ");
  const [first] = changes;
  if (first === undefined) return [];
  const isOneRegion = changes.every(({ region }) => region === first.region);
  const region = isOneRegion ? first.region : undefined;
  const details = { on: controlsOf(changes, true), off: controlsOf(changes, false) };
  return [
    {
      kind: "control.changed",
      message: `Routing control${changes.length === 1 ? "" : "s"} switched: ${said}.`,
      region,
      database: undefined,
      details,
    },
    ...overridden.map(({ panel, rule, because }) => ({
      kind: "control.rule-overridden",
      message: `Safety rule ${rule} of panel ${panel} was overridden (${reason}) for: ${said}.`,
      region,
      database: undefined,
      details: { panel, rule, because, reason, ...details },
    })),
  ];
}

function controlsOf(changes: readonly ControlChange[], isOn: boolean): string {
  return changes
    .filter((change) => change.isOn === isOn)
    .map(({ control }) => control)
    .join(", ");
}

export function dialEvent(region: RegionId, from: number, to: number): NewEvent {
  return {
    kind: "traffic.dial-changed",
    message: `The dial of ${region} was set from ${from} to ${to} percent.`,
    region,
    database: undefined,
    details: { from, to },
  };
}

export function weightEvent(region: RegionId, from: number, to: number): NewEvent {
  return {
    kind: "traffic.weight-changed",
    message: `The weight of ${region} was set from ${from} to ${to}.`,
    region,
    database: undefined,
    details: { from, to },
  };
}

/** `old` undefined: the names are new. */
export function namesEvent(old: DatabaseNames | undefined, next: DatabaseNames): NewEvent {
  const { database, version, writer } = next;
  const readers = next.readers.join(", ");
  const base = { region: writer, database };
  const details = { version, writer: writer ?? null, readers };
  if (old === undefined) {
    const message = `The names of ${database} lead somewhere now: writer ${writer ?? "in each Region"}, readers ${readers}.`;
    return { kind: "names.published", message, ...base, details };
  }
  const was = { ...details, from: old.writer ?? null };
  if (old.writer === writer) {
    const message = `The reader name of ${database} leads to ${readers} now.`;
    return { kind: "names.readers-changed", message, ...base, details: was };
  }
  const message = `The names of ${database} moved: writer ${writer ?? "in each Region"}, before ${old.writer ?? "in each Region"}; readers ${readers}.`;
  return { kind: "names.moved", message, ...base, details: was };
}

export function namesGoneEvent({ database, version }: DatabaseNames): NewEvent {
  return {
    kind: "names.withdrawn",
    message: `The names of ${database} lead nowhere any more: the database is gone.`,
    region: undefined,
    database,
    details: { version },
  };
}

export function originEvent(
  move: { readonly from: RegionId; readonly to: RegionId; readonly tag: string },
  isForced: boolean,
): NewEvent {
  const forced = isForced ? ", although writes from there did not reach the writer" : "";
  return {
    kind: "distribution.origin-changed",
    message: `The origin of the distribution was moved from ${move.from} to ${move.to}${forced}.`,
    region: move.to,
    database: undefined,
    details: { ...move, isForced },
  };
}

export function invalidatedEvent(invalidations: number): NewEvent {
  return {
    kind: "distribution.invalidated",
    message: "What the distribution has kept is not used any more.",
    ...nowhere,
    details: { invalidations },
  };
}
