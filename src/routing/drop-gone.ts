/** What people set on something that `leeward.yaml` no longer has. Pure. */
import type { Change } from "../store/store.ts";
import type { TrafficSettings } from "./settings.ts";
import {
  dropControl,
  dropDial,
  dropOrigin,
  dropWeight,
  type StoredTraffic,
} from "./stored-traffic.ts";

/**
 * The changes that forget it: something that comes back under an old name starts as the config says, and not as
 * somebody left another thing long ago.
 */
export function dropGone(settings: TrafficSettings, stored: StoredTraffic): readonly Change[] {
  const controls = new Set(settings.panels.flatMap((panel) => panel.controls.map(({ id }) => id)));
  const regions = new Set(settings.regions.map(({ region }) => region));
  const hasOrigin = settings.distribution !== undefined;
  const { origin } = stored;
  return [
    ...[...stored.controls.keys()].filter((id) => !controls.has(id)).map(dropControl),
    ...[...stored.dials.keys()].filter((region) => !regions.has(region)).map(dropDial),
    ...[...stored.weights.keys()].filter((region) => !regions.has(region)).map(dropWeight),
    ...(origin && !(hasOrigin && regions.has(origin.origin)) ? [dropOrigin()] : []),
  ];
}
