/** The questions about traffic and services, as methods of a client. */
import type { z } from "zod";
import type { Ask } from "./question.ts";
import * as services from "./services-api.ts";
import * as contract from "./traffic-api.ts";

/** Twice as long as the controller waits itself before it answers that the move goes on. */
const moveTimeoutMs = 2 * services.moveWaitMs;

export class TrafficClient {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  controls(signal: AbortSignal): Promise<contract.ApiControlList> {
    return this.#ask({ path: "/v1/controls", answer: contract.controlList }, signal);
  }

  setControls(
    body: contract.ApiControlBatch,
    signal: AbortSignal,
  ): Promise<contract.ApiControlResult> {
    const answer = contract.controlResult;
    return this.#ask({ method: "PUT", path: "/v1/controls", body, answer }, signal);
  }

  traffic(signal: AbortSignal): Promise<contract.ApiTraffic> {
    return this.#ask({ path: "/v1/traffic", answer: contract.traffic }, signal);
  }

  changeTraffic(
    region: string,
    body: contract.ApiTrafficChange,
    signal: AbortSignal,
  ): Promise<contract.ApiRegionDials> {
    const path = `/v1/traffic/regions/${encodeURIComponent(region)}`;
    return this.#ask({ method: "PATCH", path, body, answer: contract.regionDials }, signal);
  }

  names(signal: AbortSignal): Promise<contract.ApiNameList> {
    return this.#ask({ path: "/v1/names", answer: contract.nameList }, signal);
  }

  distribution(signal: AbortSignal): Promise<contract.ApiDistribution> {
    return this.#ask({ path: "/v1/distribution", answer: contract.distribution }, signal);
  }

  setOrigin(
    body: contract.ApiOriginChange,
    signal: AbortSignal,
  ): Promise<contract.ApiDistribution> {
    const path = "/v1/distribution/origin";
    return this.#ask({ method: "PUT", path, body, answer: contract.distribution }, signal);
  }

  invalidate(signal: AbortSignal): Promise<contract.ApiDistribution> {
    const path = "/v1/distribution/invalidations";
    return this.#ask({ method: "POST", path, answer: contract.distribution }, signal);
  }

  services(signal: AbortSignal): Promise<services.ApiServiceList> {
    return this.#ask({ path: "/v1/services", answer: services.serviceList }, signal);
  }

  setReplicas(
    service: string,
    body: services.ApiReplicasChange,
    signal: AbortSignal,
  ): Promise<services.ApiReplicasResult> {
    const path = `/v1/services/${encodeURIComponent(service)}/replicas`;
    return this.#ask({ method: "PUT", path, body, answer: services.replicasResult }, signal);
  }

  prescale(
    region: string,
    percent: number,
    signal: AbortSignal,
  ): Promise<services.ApiPrescaleResult> {
    const path = `/v1/regions/${encodeURIComponent(region)}/prescale`;
    const body = { percent };
    return this.#ask({ method: "POST", path, body, answer: services.prescaleResult }, signal);
  }

  /** Settles when it is done, or with `isDone: false` while it goes on. */
  moveDatabase(
    database: string,
    body: z.input<typeof services.moveRequest>,
    signal: AbortSignal,
  ): Promise<services.ApiMoveResult> {
    const path = `/v1/databases/${encodeURIComponent(database)}/failover`;
    const answer = services.moveResult;
    return this.#ask({ method: "POST", path, body, answer, timeoutMs: moveTimeoutMs }, signal);
  }
}
