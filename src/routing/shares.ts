/** How much of the traffic a Region takes, as people set it: its dial and its weight. Pure. */
import type { NewEvent } from "../model/event.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type { Change } from "../store/store.ts";
import { putDial, putWeight } from "./stored-traffic.ts";
import { dialEvent, weightEvent } from "./traffic-events.ts";

type Share = {
  readonly noun: string;
  readonly max: number;
  readonly put: (region: RegionId, value: number) => Change;
  readonly event: (region: RegionId, from: number, to: number) => NewEvent;
};

export const shares = {
  /** Percent. */
  dial: { noun: "A dial", max: 100, put: putDial, event: dialEvent },
  weight: { noun: "A weight", max: 255, put: putWeight, event: weightEvent },
} as const satisfies Record<string, Share>;

export type ShareKind = keyof typeof shares;

/** @throws Failure `usage.invalid` */
export function checkShare(kind: ShareKind, value: number): void {
  const { noun, max } = shares[kind];
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new Failure("usage.invalid", `${noun} is a whole number from 0 to ${max}, not ${value}`);
}
