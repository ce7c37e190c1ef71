/** What becomes of a batch of control changes: all of it, or nothing. Pure. */
import type { PanelConfig } from "../config/config.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { ControlId, PanelId } from "../model/traffic.ts";
import type { DataFacts } from "./data-facts.ts";
import type { Override } from "./batch.ts";
import { judgeRule, type BrokenRule } from "./rules.ts";

export type ControlChange = {
  readonly control: ControlId;
  readonly panel: PanelId;
  readonly region: RegionId;
  /** Undefined: the whole Region. */
  readonly service: ServiceId | undefined;
  readonly isOn: boolean;
};

export type BatchContext = {
  /** On the controller's monotonic clock, as `changedAtMs`. */
  readonly nowMs: number;
  /** When each control was really changed last; without an entry: long ago. */
  readonly changedAtMs: ReadonlyMap<ControlId, number>;
  readonly facts: DataFacts;
  readonly overrides: Override["rules"];
};

export type BatchDecision =
  /** `changes` is empty when everything is so already. `overridden`: rules that would have refused. */
  | {
      readonly kind: "apply";
      readonly changes: readonly ControlChange[];
      readonly overridden: readonly BrokenRule[];
    }
  /** All rules that refuse and were not overridden; at least one. */
  | { readonly kind: "refuse"; readonly broken: readonly [BrokenRule, ...BrokenRule[]] };

/**
 * Evaluates every rule of every panel in which `wanted` changes something on the state that all of it would produce.
 * `states` has each control of `panels`; `wanted` names controls of `panels` alone.
 */
export function decideBatch(
  panels: readonly PanelConfig[],
  states: ReadonlyMap<ControlId, boolean>,
  wanted: ReadonlyMap<ControlId, boolean>,
  context: BatchContext,
): BatchDecision {
  const isOn = (control: ControlId): boolean => wanted.get(control) ?? states.get(control) ?? false;
  const changes = panels.flatMap((panel) =>
    panel.controls
      .filter(({ id }) => isOn(id) !== states.get(id))
      .map(
        ({ id, region, service }): ControlChange => ({
          control: id,
          panel: panel.id,
          region,
          service,
          isOn: isOn(id),
        }),
      ),
  );
  const broken = findBroken(panels, changes, isOn, context);
  const isOverridden = ({ panel, rule }: BrokenRule): boolean =>
    context.overrides.some((one) => one.panel === panel && one.rule === rule);
  const [first, ...others] = broken.filter((one) => !isOverridden(one));
  if (first !== undefined) return { kind: "refuse", broken: [first, ...others] };
  return { kind: "apply", changes, overridden: broken };
}

function findBroken(
  panels: readonly PanelConfig[],
  changes: readonly ControlChange[],
  isOn: (control: ControlId) => boolean,
  { nowMs, changedAtMs, facts }: BatchContext,
): readonly BrokenRule[] {
  const changed = new Set(changes.map(({ control }) => control));
  const touched = panels.filter(({ id }) => changes.some(({ panel }) => panel === id));
  return touched.flatMap((panel) =>
    panel.rules.flatMap((rule) => {
      const because = judgeRule(panel, rule, { isOn, changed, nowMs, changedAtMs, facts });
      return because === undefined ? [] : [{ panel: panel.id, rule: rule.id, because }];
    }),
  );
}
