/**
 * How long ago each control was changed, for rules that wait. On the controller's monotonic clock while it lives; in
 * the store stands an age, because another controller's clock means nothing to the next one. The time between two
 * controllers is not counted: a wait gets longer by it, never shorter.
 */
import type { Clock } from "../env/env.ts";
import type { ControlId } from "../model/traffic.ts";
import type { Change, Revision } from "../store/store.ts";
import type { TrafficSettings } from "./settings.ts";
import { putControl, type StoredTraffic } from "./stored-traffic.ts";

/** 10 s: a wait gets longer by at most so much with each restart, and an hour of waiting costs 360 small writes. */
const noteEveryMs = 10_000;

export class ControlAges {
  readonly #clock: Clock;
  /** The longest wait of any rule that is about the control. */
  readonly #waitMs: ReadonlyMap<ControlId, number>;
  #known: ReadonlyMap<ControlId, { readonly atMs: number; readonly modRevision: Revision }> =
    new Map();

  constructor(clock: Clock, settings: TrafficSettings) {
    this.#clock = clock;
    const rules = settings.panels.flatMap((panel) => panel.rules);
    const controls = settings.panels.flatMap((panel) => panel.controls);
    this.#waitMs = new Map(
      controls.map(({ id }) => [
        id,
        Math.max(
          0,
          ...rules.filter((rule) => rule.controls.includes(id)).map(({ waitMs }) => waitMs),
        ),
      ]),
    );
  }

  /** What is written with a control that changes now. */
  ofChange(control: ControlId): number | undefined {
    return this.#waitFor(control) > 0 ? 0 : undefined;
  }

  /** Takes over what was read from the store. */
  read(stored: StoredTraffic): void {
    const nowMs = this.#clock.monotonicMs();
    this.#known = new Map(
      [...stored.controls].flatMap(([control, { ageMs, modRevision }]) => {
        if (ageMs === undefined) return [];
        const known = this.#known.get(control);
        const isKnown = known !== undefined && known.modRevision === modRevision;
        return [[control, isKnown ? known : { atMs: nowMs - ageMs, modRevision }] as const];
      }),
    );
  }

  /** When each control was changed that a rule may still wait for. */
  changedAtMs(): ReadonlyMap<ControlId, number> {
    return new Map([...this.#known].map(([control, { atMs }]) => [control, atMs]));
  }

  /** What the store should say by now: waits that are over, and those that have gone on for a while. */
  notes(stored: StoredTraffic): readonly Change[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#known].flatMap(([control, { atMs }]) => {
      const written = stored.controls.get(control);
      if (written?.ageMs === undefined) return [];
      const ageMs = Math.floor(nowMs - atMs);
      const { isOn } = written;
      if (ageMs >= this.#waitFor(control)) return [putControl(control, { isOn, ageMs: undefined })];
      if (ageMs - written.ageMs < noteEveryMs) return [];
      return [putControl(control, { isOn, ageMs })];
    });
  }

  #waitFor(control: ControlId): number {
    return this.#waitMs.get(control) ?? 0;
  }
}
