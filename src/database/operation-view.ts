/** What the steps of an operation see, and what they ask for. */
import type { FrameView } from "../engine/engine.ts";
import type { CommandAction, UpstreamAssignment } from "../model/assignment.ts";
import type { CommandProgress, InstanceReport } from "../model/instance.ts";
import type { InstanceId, RegionId } from "../model/region.ts";
import type { SystemRecord } from "./records.ts";

export type OperationView = FrameView & {
  /** Of the system that the operation changes; after a detachment, of the new one. */
  readonly record: SystemRecord;
  /** The first instance of a Region: the old writer, the target. */
  readonly instanceOf: (region: RegionId) => InstanceId;
  /** Recent enough to act upon, or undefined. */
  readonly reportOf: (region: RegionId) => InstanceReport | undefined;
  /** How long ago the Region's agent reported, in ms; undefined when it never did to this controller. */
  readonly reportAgeMsOf: (region: RegionId) => number | undefined;
  /** What the command of this operation's step has come to on the Region's first instance. */
  readonly progressOf: (region: RegionId, step: string) => CommandProgress | undefined;
  /** Where `from`'s first instance would stream from `to`'s. With the slot, when `to` is the writer. */
  readonly upstreamOf: (from: RegionId, to: RegionId) => UpstreamAssignment;
  /** Until nobody can hold the writer's lease any more, in ms. */
  readonly leaseLeftMs: number;
};

export type OperationDeed = {
  readonly instance: InstanceId;
  readonly step: string;
  readonly action: CommandAction;
};
