/** The part of the world behind the API that sends people and programs somewhere, and runs the services. */
import type { ApiStatus } from "../api/api.ts";
import type {
  ApiMoveRequest,
  ApiMoveResult,
  ApiPrescaleResult,
  ApiReplicasChange,
  ApiReplicasResult,
  ApiServiceList,
} from "../api/services-api.ts";
import type {
  ApiControlBatch,
  ApiControlList,
  ApiControlResult,
  ApiDistribution,
  ApiNameList,
  ApiOriginChange,
  ApiRegionDials,
  ApiTraffic,
  ApiTrafficChange,
  TrafficWorld,
} from "../api/traffic-api.ts";
import type { DatabaseController } from "../database/controller.ts";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import { moveDatabase } from "./move-database.ts";
import { dataFacts } from "./named-databases.ts";
import type { TrafficControl } from "./traffic-control.ts";
import {
  distributionView,
  namesView,
  panelsView,
  serviceStates,
  servicesView,
  trafficView,
  type TrafficView,
} from "./traffic-views.ts";

export type LocalTrafficParts = {
  readonly clock: Clock;
  readonly databases: DatabaseController;
  readonly traffic: TrafficControl;
};

export class LocalTraffic implements TrafficWorld {
  readonly #parts: LocalTrafficParts;
  readonly #settings: ControllerSettings["traffic"];

  constructor(parts: LocalTrafficParts, settings: ControllerSettings["traffic"]) {
    this.#parts = parts;
    this.#settings = settings;
  }

  controls(): ApiControlList {
    return { panels: panelsView(this.#parts.traffic.board.panels) };
  }

  async setControls(
    { controls, override }: ApiControlBatch,
    signal: AbortSignal,
  ): Promise<ApiControlResult> {
    const { databases, traffic } = this.#parts;
    const orders = controls.map(({ name, state }) => ({ control: name, isOn: state === "On" }));
    const facts = dataFacts(databases.snapshots());
    const result = await traffic.board.setControls(orders, { override }, facts, signal);
    return {
      changed: result.changes.map(({ control, isOn }) => ({
        name: control,
        state: isOn ? "On" : "Off",
      })),
      overridden: result.overridden.map(({ panel, rule, because }) => ({ panel, rule, because })),
      panels: panelsView(result.panels),
    };
  }

  traffic(): ApiTraffic {
    return trafficView(this.#view());
  }

  async changeTraffic(
    region: string,
    { dial, weight }: ApiTrafficChange,
    signal: AbortSignal,
  ): Promise<ApiRegionDials> {
    const { board } = this.#parts.traffic;
    if (dial !== undefined) await board.setDial(region, dial, signal);
    if (weight !== undefined) await board.setWeight(region, weight, signal);
    const found = board.state.regions.find((one) => one.region === region);
    assert(found !== undefined, "a Region whose dial was changed is one of this world");
    const { isOn, dial: dialNow, weight: weightNow } = found;
    return { region, isOn, dial: dialNow, weight: weightNow };
  }

  names(): ApiNameList {
    return namesView(this.#view());
  }

  distribution(): ApiDistribution {
    const view = distributionView(this.#view());
    if (view) return view;
    throw new Failure("distribution.unknown", "This world has no distribution");
  }

  async setOrigin(
    { region, ifMatch, force }: ApiOriginChange,
    signal: AbortSignal,
  ): Promise<ApiDistribution> {
    const { board } = this.#parts.traffic;
    const isWritable = this.#isWritableFrom(region);
    await board.setOrigin(region, { ifMatch, force, isWritable }, signal);
    return this.distribution();
  }

  async invalidate(signal: AbortSignal): Promise<ApiDistribution> {
    await this.#parts.traffic.board.invalidate(signal);
    return this.distribution();
  }

  services(): ApiServiceList {
    const { desk, scaler } = this.#parts.traffic;
    return servicesView(this.#settings, scaler.views(), (region) => desk.factsOf(region));
  }

  /** Of the Regions that run. */
  protected serviceStates(regions: readonly RegionId[]): ApiStatus["services"] {
    const { desk, scaler } = this.#parts.traffic;
    const factsOf: TrafficView["factsOf"] = (region) => desk.factsOf(region);
    return serviceStates(this.#settings, scaler.views(), regions, factsOf);
  }

  async setReplicas(
    service: string,
    { region, replicas }: ApiReplicasChange,
    signal: AbortSignal,
  ): Promise<ApiReplicasResult> {
    const changes = await this.#parts.traffic.scaler.set(service, region, replicas, signal);
    return {
      service,
      changes: changes.map((change) => ({
        region: change.region,
        from: change.from,
        to: change.to,
      })),
    };
  }

  async prescale(region: string, percent: number, signal: AbortSignal): Promise<ApiPrescaleResult> {
    const warming = await this.#parts.traffic.scaler.pre(region, percent, signal);
    const { holdMs } = warming;
    const services = warming.services.map(({ service, from, to, of, because }) => ({
      service,
      from,
      to,
      of,
      because,
    }));
    return { region, percent, holdMs, services };
  }

  moveDatabase(
    database: string,
    request: ApiMoveRequest,
    signal: AbortSignal,
  ): Promise<ApiMoveResult> {
    const { clock, databases, traffic } = this.#parts;
    const moveNames: TrafficControl["moveNames"] = (asked) => traffic.moveNames(asked);
    return moveDatabase({ clock, databases, moveNames }, database, request, signal);
  }

  /** As the Region says itself; a Region that cannot be heard does not. */
  #isWritableFrom(region: string): boolean {
    const { distribution } = this.#settings;
    if (distribution?.database === undefined) return true;
    const facts = this.#parts.traffic.desk.factsOf(region as RegionId);
    return (
      facts?.writes.some((one) => one.database === distribution.database && one.canWrite) ?? false
    );
  }

  #view(): TrafficView {
    const { board, desk } = this.#parts.traffic;
    return {
      settings: this.#settings,
      state: board.state,
      outside: desk.outside,
      factsOf: (region) => desk.factsOf(region),
    };
  }
}
