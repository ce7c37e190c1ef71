/** What people read afterwards about the number of replicas. */
import type { NewEvent } from "../model/event.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";

export type TargetChange = {
  readonly service: ServiceId;
  readonly region: RegionId;
  readonly from: number;
  readonly to: number;
};

export function scaledEvent(change: TargetChange, because: string): NewEvent {
  return eventOf("service.scaled", change, `${move(change)}: ${because}.`);
}

export function setEvent(change: TargetChange): NewEvent {
  return eventOf("service.replicas-set", change, `A person: ${move(change)}.`);
}

export function warmedEvent(change: TargetChange, because: string, holdMs: number): NewEvent {
  const { service, region, to } = change;
  const held = `${service} in ${region} keeps at least ${to} for ${holdMs / 60_000} min`;
  return eventOf("service.warmed", change, `${move(change)}: ${because}. ${held}.`);
}

function move({ service, region, from, to }: TargetChange): string {
  const is = from === to ? `stays at ${to}` : `goes from ${from} to ${to}`;
  return `${service} in ${region} ${is} replica${to === 1 ? "" : "s"}`;
}

function eventOf(
  kind: string,
  { service, region, from, to }: TargetChange,
  message: string,
): NewEvent {
  return { kind, message, region, database: undefined, details: { service, from, to } };
}
