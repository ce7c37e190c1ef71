/** What people did to the world, as events. Pure. */
import type { ApiLinkChange, ApiRegionAction } from "../api/api.ts";
import type { NewEvent } from "../model/event.ts";
import type { LinkSettings } from "../model/link-settings.ts";
import type { RegionId } from "../model/region.ts";

const regionWords: Record<ApiRegionAction, { readonly kind: string; readonly words: string }> = {
  kill: { kind: "region.killed", words: "was killed: every process in it is gone" },
  stop: { kind: "region.stopped", words: "was stopped cleanly" },
  start: { kind: "region.started", words: "was started" },
  isolate: { kind: "region.isolated", words: "was isolated: all its links are cut" },
  heal: { kind: "region.healed", words: "was healed: its links are mended" },
};

export function regionActionEvent(
  region: RegionId,
  action: ApiRegionAction,
  tookMs: number,
): NewEvent {
  const { kind, words } = regionWords[action];
  return {
    kind,
    message: `Region ${region} ${words}.`,
    region,
    database: undefined,
    details: { tookMs },
  };
}

export function regionLostEvent(region: RegionId): NewEvent {
  return {
    kind: "region.lost",
    message: `Region ${region} is lost: the process that held it was killed from outside.`,
    region,
    database: undefined,
    details: {},
  };
}

export function linkChangeEvent(
  link: LinkSettings,
  change: ApiLinkChange,
  from: string,
  to: string,
): NewEvent {
  const { oneWay, reset, up, ...terms } = change;
  const said = [
    ...Object.entries(terms).map(([name, value]) => `${name} ${value}`),
    ...(up === undefined ? [] : [up ? "up" : "down"]),
    ...(reset ? ["connections reset"] : []),
  ];
  const arrow = oneWay ? `${from} to ${to}` : link.ends.join(" and ");
  return {
    kind: "link.changed",
    message: `The link ${oneWay ? "from" : "between"} ${arrow} was changed: ${said.join(", ") || "nothing"}.`,
    region: undefined,
    database: undefined,
    details: Object.fromEntries(
      Object.entries(change).map(([name, value]) => [name, value ?? null]),
    ),
  };
}
