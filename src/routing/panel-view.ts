/** The panels as people look at them: the state of each control, and what each rule says of it. Pure. */
import type { PanelConfig, RuleConfig } from "../config/config.ts";
import type { RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { ControlId, PanelId } from "../model/traffic.ts";
import { judgeCondition } from "./rules.ts";

export type PanelView = {
  readonly panel: PanelId;
  readonly controls: readonly {
    readonly control: ControlId;
    readonly region: RegionId;
    /** Undefined: the whole Region. */
    readonly service: ServiceId | undefined;
    readonly isOn: boolean;
  }[];
  readonly rules: readonly (RuleConfig & {
    /** The present state is as its condition wants it; somebody may have overridden it. */
    readonly isMet: boolean;
    /** So long it refuses every change of its controls; 0: it does not. */
    readonly waitLeftMs: number;
  })[];
};

export function viewPanel(
  { id, controls, rules }: PanelConfig,
  states: ReadonlyMap<ControlId, boolean>,
  changedAtMs: ReadonlyMap<ControlId, number>,
  nowMs: number,
): PanelView {
  const isOn = (control: ControlId): boolean => states.get(control) === true;
  return {
    panel: id,
    controls: controls.map(({ id: control, region, service }) => ({
      control,
      region,
      service,
      isOn: isOn(control),
    })),
    rules: rules.map((rule) => {
      const changes = rule.controls.map((control) => changedAtMs.get(control) ?? -Infinity);
      const ageMs = nowMs - Math.max(...changes);
      return {
        ...rule,
        isMet: judgeCondition(rule, isOn) === undefined,
        waitLeftMs: Math.max(0, Math.ceil(rule.waitMs - ageMs)),
      };
    }),
  };
}
