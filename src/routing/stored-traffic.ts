/**
 * What the store keeps of the traffic: only what people set, the names, and events that the archive does not have
 * yet. Whatever has no key is as `leeward.yaml` says.
 */
import { z } from "zod";
import type { NewEvent } from "../model/event.ts";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ControlId, DatabaseNames, DistributionState } from "../model/traffic.ts";
import type { Change, Entry, Revision } from "../store/store.ts";
import { branded, maybe } from "../wire/codec.ts";

export const trafficPrefix = "traffic/";
/** Counts the changes of everything below. Every change claims it, so that no two are made from the same state. */
export const changesKey = `${trafficPrefix}changes`;
export const eventsPrefix = `${trafficPrefix}events/`;
const controlsPrefix = `${trafficPrefix}controls/`;
const dialsPrefix = `${trafficPrefix}dials/`;
const weightsPrefix = `${trafficPrefix}weights/`;
const namesPrefix = `${trafficPrefix}names/`;
const originKey = `${trafficPrefix}origin`;
const invalidationsKey = `${trafficPrefix}invalidations`;

const region = branded<RegionId>();
const count = z.number().int().min(0);

/** `ageMs`: how long ago the control was changed when this was written; undefined: no rule waits for it any more. */
const controlCodec = z.object({ isOn: z.boolean(), ageMs: maybe(z.number().min(0)) });
const namesCodec = z.object({
  database: branded<DatabaseId>(),
  version: z.number().int().min(1),
  writer: maybe(region),
  readers: z.array(region),
});
const originCodec = z.object({ origin: region, tag: z.string() });
const eventCodec = z.object({
  kind: z.string(),
  message: z.string(),
  region: maybe(region),
  database: maybe(branded<DatabaseId>()),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export type StoredControl = z.output<typeof controlCodec> & {
  /** Another one means that it was written again. */
  readonly modRevision: Revision;
};

export type StoredTraffic = {
  readonly changes: number;
  /** Of `changesKey`; undefined: nothing was ever changed. */
  readonly modRevision: Revision | undefined;
  readonly controls: ReadonlyMap<ControlId, StoredControl>;
  readonly dials: ReadonlyMap<RegionId, number>;
  readonly weights: ReadonlyMap<RegionId, number>;
  readonly names: readonly DatabaseNames[];
  readonly origin: Pick<DistributionState, "origin" | "tag"> | undefined;
  readonly invalidations: number;
};

/** @throws Failure `state.damaged` */
export function readStored(entries: readonly Entry[]): StoredTraffic {
  const below = (prefix: string): readonly (readonly [string, Entry])[] =>
    entries
      .filter(({ key }) => key.startsWith(prefix))
      .map((entry) => [entry.key.slice(prefix.length), entry]);
  const at = (key: string): Entry | undefined => entries.find((entry) => entry.key === key);
  const counts = (prefix: string): ReadonlyMap<RegionId, number> =>
    new Map(below(prefix).map(([name, entry]) => [name as RegionId, read(count, entry)]));
  const changes = at(changesKey);
  const origin = at(originKey);
  const invalidations = at(invalidationsKey);
  return {
    changes: changes === undefined ? 0 : read(count, changes),
    modRevision: changes?.modRevision,
    controls: new Map(
      below(controlsPrefix).map(([name, entry]) => [
        name as ControlId,
        { ...read(controlCodec, entry), modRevision: entry.modRevision },
      ]),
    ),
    dials: counts(dialsPrefix),
    weights: counts(weightsPrefix),
    names: below(namesPrefix).map(([, entry]) => read(namesCodec, entry)),
    origin: origin && read(originCodec, origin),
    invalidations: invalidations === undefined ? 0 : read(count, invalidations),
  };
}

function read<S extends z.ZodType>(schema: S, { key, value }: Entry): z.output<S> {
  try {
    return z.decode(schema, JSON.parse(value) as z.input<S>);
  } catch (cause) {
    throw new Failure("state.damaged", `Could not read ${key} in the controller's store`, {
      cause,
    });
  }
}

function put<S extends z.ZodType>(schema: S, key: string, value: z.output<S>): Change {
  return { kind: "put", key, value: JSON.stringify(z.encode(schema, value)) };
}

/** A change of one thing, and what takes it back to what the config says. */
export const putChanges = (changes: number): Change => put(count, changesKey, changes);
export const putControl = (
  control: ControlId,
  value: { readonly isOn: boolean; readonly ageMs: number | undefined },
): Change => put(controlCodec, `${controlsPrefix}${control}`, value);
export const putDial = (name: RegionId, dial: number): Change =>
  put(count, `${dialsPrefix}${name}`, dial);
export const putWeight = (name: RegionId, weight: number): Change =>
  put(count, `${weightsPrefix}${name}`, weight);
export const putNames = (names: DatabaseNames): Change =>
  put(namesCodec, `${namesPrefix}${names.database}`, { ...names, readers: [...names.readers] });
export const putOrigin = (origin: RegionId, tag: string): Change =>
  put(originCodec, originKey, { origin, tag });
export const putInvalidations = (invalidations: number): Change =>
  put(count, invalidationsKey, invalidations);
export const dropControl = (control: ControlId): Change => drop(`${controlsPrefix}${control}`);
export const dropDial = (name: RegionId): Change => drop(`${dialsPrefix}${name}`);
export const dropWeight = (name: RegionId): Change => drop(`${weightsPrefix}${name}`);
export const dropNames = (database: DatabaseId): Change => drop(`${namesPrefix}${database}`);
export const dropOrigin = (): Change => drop(originKey);

function drop(key: string): Change {
  return { kind: "delete", key };
}

/** Their keys are in the order in which they happened. */
export function putEvents(changes: number, events: readonly NewEvent[]): readonly Change[] {
  return events.map((event, index) => {
    const key = `${eventsPrefix}${digits(changes, 12)}-${digits(index, 3)}`;
    return put(eventCodec, key, { ...event, details: { ...event.details, change: changes } });
  });
}

/** @throws Failure `state.damaged` */
export function readEvent(entry: Entry): NewEvent {
  return read(eventCodec, entry);
}

const digits = (value: number, length: number): string => String(value).padStart(length, "0");
