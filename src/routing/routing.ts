/** What others may know of this folder: the words that its board is spoken to in. */
export type { ControlOrder, OverrideRequest } from "./batch.ts";
export type { ControlChange } from "./controls.ts";
export type { DataFacts } from "./data-facts.ts";
export type { NamedDatabase } from "./names.ts";
export type { PanelView } from "./panel-view.ts";
export type { BrokenRule } from "./rules.ts";
export type { TrafficSettings } from "./settings.ts";
export type { OriginRequest } from "./origin.ts";
export type { RegionHealth } from "./state-feed.ts";
export type { ControlsResult } from "./traffic-board.ts";
