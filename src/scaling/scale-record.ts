/** What the store remembers of each service in each Region, and under which key. Nothing: it has its least. */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { Entry } from "../store/store.ts";
import { maybe } from "../wire/codec.ts";

const scaleRecord = z.object({
  replicas: z.number().int().min(0),
  /** `load`: the formula. `warming`: a person warmed the Region. */
  by: z.enum(["person", "load", "warming"]),
  because: z.string(),
  /** Not fewer for so long, in ms, from when this was written or read: a hold outlives its controller. */
  hold: maybe(z.object({ replicas: z.number().int().min(0), leftMs: z.number().min(0) })),
});

export type ScaleRecord = z.output<typeof scaleRecord>;

/** One service in one Region. */
export type Place = { readonly service: ServiceId; readonly region: RegionId };

export const scalePrefix = "scale/";

export function scaleKey({ service, region }: Place): string {
  return `${scalePrefix}${service}/${region}`;
}

export function formatScaleRecord(record: ScaleRecord): string {
  return JSON.stringify(z.encode(scaleRecord, record));
}

/** @throws Failure `state.damaged` */
export function parseScaleRecord({ key, value }: Entry): ScaleRecord {
  try {
    return z.decode(scaleRecord, JSON.parse(value) as z.input<typeof scaleRecord>);
  } catch (cause) {
    const message = `Could not read ${key} in the controller's store`;
    throw new Failure("state.damaged", message, { cause });
  }
}
