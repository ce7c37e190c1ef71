/**
 * The controller's truth about traffic: what people set and where names lead, kept in the store; how services are,
 * known only as long as somebody says it. Front doors follow `state`, each larger revision of it.
 */
import type { Archive } from "../archive/archive.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import type {
  ControlId,
  DatabaseNames,
  DistributionState,
  RegionTraffic,
  TrafficState,
} from "../model/traffic.ts";
import { assert } from "../std/assert.ts";
import { nearest } from "../std/nearest.ts";
import type { Store } from "../store/store.ts";
import { readBatch, readOverride, type ControlOrder, type OverrideRequest } from "./batch.ts";
import { ControlAges } from "./control-ages.ts";
import { decideBatch, type BatchDecision, type ControlChange } from "./controls.ts";
import type { DataFacts } from "./data-facts.ts";
import { EventOutbox } from "./event-outbox.ts";
import { dropGone } from "./drop-gone.ts";
import { moveNames } from "./move-names.ts";
import type { NamedDatabase } from "./names.ts";
import { originMoves, type OriginRequest } from "./origin.ts";
import { viewPanel, type PanelView } from "./panel-view.ts";
import type { BrokenRule } from "./rules.ts";
import type { TrafficSettings } from "./settings.ts";
import { checkShare, shares, type ShareKind } from "./shares.ts";
import { StateFeed, type RegionHealth } from "./state-feed.ts";
import { putControl, putInvalidations, putOrigin, type StoredTraffic } from "./stored-traffic.ts";
import { controlEvents, invalidatedEvent, originEvent } from "./traffic-events.ts";
import { TrafficTruth, type Draft } from "./traffic-truth.ts";
import { controlStates, viewDistribution, viewTraffic } from "./traffic-view.ts";

export type TrafficDoors = {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly store: Store;
  readonly archive: Archive;
};

export type ControlsResult = {
  /** Empty: all of it was so already. */
  readonly changes: readonly ControlChange[];
  readonly overridden: readonly BrokenRule[];
  /** As read back from the store. */
  readonly panels: readonly PanelView[];
};

/** 8 bytes: no tag is ever drawn twice. */
const tagBytes = 8;
/** One commit takes 128 changes; names that move bring an event each. */
const changesPerCommitMax = 50;
/** 20: a thousand databases at once. Two controllers that see different things do not keep each other here. */
const passesMax = 20;

export class TrafficBoard {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #settings: TrafficSettings;
  readonly #truth: TrafficTruth;
  readonly #ages: ControlAges;
  readonly #feed: StateFeed;

  constructor(doors: TrafficDoors, settings: TrafficSettings, term: number) {
    this.#clock = doors.clock;
    this.#random = doors.random;
    this.#settings = settings;
    this.#ages = new ControlAges(doors.clock, settings);
    this.#feed = new StateFeed(doors.clock, settings, term);
    this.#truth = new TrafficTruth(doors.store, new EventOutbox(doors), (stored) => {
      this.#ages.read(stored);
      this.#feed.read(stored);
    });
  }

  /**
   * What people set in earlier lives of the controller goes before `leeward.yaml`; what was set on something that it
   * no longer has is forgotten. Before anything else. @throws Failure `state.damaged`
   */
  async load(signal: AbortSignal): Promise<void> {
    await this.#truth.load(signal);
    const forget = (stored: StoredTraffic): Draft => ({
      changes: dropGone(this.#settings, stored).slice(0, changesPerCommitMax),
      events: [],
    });
    await this.#changeAll(forget, signal);
    await this.#truth.deliver(signal);
  }

  /** What front doors follow. Only after `load`. */
  get state(): TrafficState {
    return this.#feed.state;
  }

  /** For people. */
  get panels(): readonly PanelView[] {
    const states = controlStates(this.#settings, this.#truth.stored);
    const changedAtMs = this.#ages.changedAtMs();
    const nowMs = this.#clock.monotonicMs();
    return this.#settings.panels.map((panel) => viewPanel(panel, states, changedAtMs, nowMs));
  }

  /** The state, as soon as it is newer than `after`, or after `ms` as it is. Never rejects. */
  untilNewer(after: number, ms: number, signal: AbortSignal): Promise<TrafficState> {
    return this.#feed.untilNewer(after, ms, signal);
  }

  /**
   * Switches all controls of the batch, or none.
   * @throws Failure `control.unknown`, `control.rule-unknown`, `control.batch-invalid`, `control.override-invalid`,
   * `control.rule-failed`, and those of the store
   */
  async setControls(
    batch: readonly ControlOrder[],
    { override }: { readonly override: OverrideRequest | undefined },
    facts: DataFacts,
    signal: AbortSignal,
  ): Promise<ControlsResult> {
    const { panels } = this.#settings;
    const wanted = readBatch(panels, batch);
    const written = readOverride(panels, wanted, override);
    let applied: Applied = { changes: [], overridden: [] };
    await this.#truth.change((stored) => {
      const states = controlStates(this.#settings, stored);
      const decision = decideBatch(panels, states, wanted, {
        nowMs: this.#clock.monotonicMs(),
        changedAtMs: this.#ages.changedAtMs(),
        facts,
        overrides: written?.rules ?? [],
      });
      applied = appliedOf(decision, wanted);
      const { changes, overridden } = applied;
      return {
        changes: changes.map(({ control, isOn }) =>
          putControl(control, { isOn, ageMs: this.#ages.ofChange(control) }),
        ),
        events: controlEvents(changes, overridden, written?.reason ?? ""),
      };
    }, signal);
    return { ...applied, panels: this.panels };
  }

  /** `dial`: 0 to 100 percent. @throws Failure `region.unknown`, `usage.invalid`, and those of the store */
  setDial(region: string, dial: number, signal: AbortSignal): Promise<RegionTraffic> {
    return this.#setShare(region, "dial", dial, signal);
  }

  /** `weight`: 0 to 255. @throws Failure `region.unknown`, `usage.invalid`, and those of the store */
  setWeight(region: string, weight: number, signal: AbortSignal): Promise<RegionTraffic> {
    return this.#setShare(region, "weight", weight, signal);
  }

  /**
   * Moves the distribution's origin; the answer carries its new tag, or the present one if it is there already.
   * @throws Failure `region.unknown`, `distribution.unknown`, `distribution.tag-mismatch`, `distribution.not-writable`,
   * and those of the store
   */
  async setOrigin(
    region: string,
    request: OriginRequest,
    signal: AbortSignal,
  ): Promise<DistributionState> {
    const to = this.#find(region);
    const tag = this.#random.hex(tagBytes);
    await this.#truth.change((stored) => {
      const present = this.#distribution(stored);
      if (!originMoves(present, to, request)) return nothing;
      const move = { from: present.origin, to, tag };
      return {
        changes: [putOrigin(to, tag)],
        events: [originEvent(move, !request.isWritable)],
      };
    }, signal);
    return this.#distribution(this.#truth.stored);
  }

  /** Nothing that the distribution has kept is used any more. @throws Failure `distribution.unknown`, and of the store */
  async invalidate(signal: AbortSignal): Promise<DistributionState> {
    await this.#truth.change((stored) => {
      const next = this.#distribution(stored).invalidations + 1;
      return { changes: [putInvalidations(next)], events: [invalidatedEvent(next)] };
    }, signal);
    return this.#distribution(this.#truth.stored);
  }

  /**
   * Moves the names to where `look` says that they should lead: all databases there are, as they are when it is asked,
   * which is before each commit. What was seen before the turn came could be outdated, and would move names back. The
   * answer is all names. Made once a second and whenever a record changes. @throws Failure of the store
   */
  async reconcileNames(
    look: () => readonly NamedDatabase[],
    signal: AbortSignal,
  ): Promise<readonly DatabaseNames[]> {
    const move = (stored: StoredTraffic): Draft =>
      moveNames(look(), stored.names, changesPerCommitMax);
    await this.#changeAll(move, signal);
    return this.state.names;
  }

  /** Once a second: takes over what another controller changed, and writes down what only this one knows. */
  async keepHouse(signal: AbortSignal): Promise<void> {
    const note = (stored: StoredTraffic): Draft => ({
      changes: this.#ages.notes(stored).slice(0, changesPerCommitMax),
      events: [],
    });
    await this.#truth.change(note, signal);
    await this.#truth.deliver(signal);
  }

  /** Not stored: whoever can be heard says it again to the next controller. */
  noteHealth(region: RegionId, health: RegionHealth): void {
    this.#feed.noteHealth(region, health);
  }

  async #setShare(
    region: string,
    kind: ShareKind,
    value: number,
    signal: AbortSignal,
  ): Promise<RegionTraffic> {
    const id = this.#find(region);
    checkShare(kind, value);
    const { put, event } = shares[kind];
    await this.#truth.change((stored) => {
      const was = this.#view(stored, id)[kind];
      if (was === value) return nothing;
      return { changes: [put(id, value)], events: [event(id, was, value)] };
    }, signal);
    return this.#view(this.#truth.stored, id);
  }

  /** Until nothing is left to change; what is left after that is changed the next time. */
  async #changeAll(decide: (stored: StoredTraffic) => Draft, signal: AbortSignal): Promise<void> {
    for (let pass = 0; pass < passesMax; pass++) {
      if (!(await this.#truth.change(decide, signal))) return;
    }
  }

  #view(stored: StoredTraffic, region: RegionId): RegionTraffic {
    const { regions } = viewTraffic(this.#settings, stored, () => true);
    const found = regions.find((one) => one.region === region);
    assert(found !== undefined, "a Region of the config is in the traffic state");
    return found;
  }

  #distribution(stored: StoredTraffic): DistributionState {
    const distribution = viewDistribution(this.#settings, stored);
    if (distribution) return distribution;
    throw new Failure("distribution.unknown", "This world has no distribution");
  }

  #find(region: string): RegionId {
    const known = this.#settings.regions.map((one) => one.region);
    const found = known.find((one) => one === region);
    if (found) return found;
    const guess = nearest(region, known);
    const message = `There is no Region ${region}${guess ? `; did you mean ${guess}?` : ""}`;
    throw new Failure("region.unknown", message);
  }
}

type Applied = Pick<ControlsResult, "changes" | "overridden">;

const nothing: Draft = { changes: [], events: [] };

/** @throws Failure `control.rule-failed` with every rule that refuses in `details.broken` */
function appliedOf(decision: BatchDecision, wanted: ReadonlyMap<ControlId, boolean>): Applied {
  if (decision.kind === "apply") return decision;
  const [{ panel, rule, because }, ...others] = decision.broken;
  const batch = [...wanted].map(([id, isOn]) => `${id} ${isOn ? "On" : "Off"}`).join(", ");
  const more = others.length === 0 ? "" : `; ${others.length} more refuse, too`;
  throw new Failure(
    "control.rule-failed",
    `Could not switch ${batch}: rule ${rule} of panel ${panel} refuses, because ${because}${more}`,
    { details: { panel, rule, because, broken: decision.broken } },
  );
}
