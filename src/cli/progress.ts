/** Shows how instances come up: what each does, and of a clone the bytes, the rate and the time left. */
import type { ApiInstance, ApiStatus } from "../api/api.ts";
import type { Clock } from "../env/env.ts";
import type { Output } from "./machine.ts";
import { cut, formatBytes, padEnd } from "./output.ts";
import { Screen } from "./screen.ts";
import { progressText } from "./status-tables.ts";

/** 1 s between two lines about one clone where lines stay: enough to see it move. */
const lineEveryMs = 1_000;

export type ProgressOptions = {
  readonly json: boolean;
  readonly isTty: boolean;
  readonly clock: Clock;
  /** Only this Region's instances; undefined: all. */
  readonly region: string | undefined;
};

type Seen = { readonly id: string; readonly database: string; readonly region: string } & {
  readonly instance: ApiInstance;
  /** What its Region's first instance has not replayed yet. */
  readonly lagBytes: number | null;
};

/** Lines in place on a terminal, a line per change elsewhere, a line of JSON per change with `json`. */
export class ProgressReporter {
  readonly #out: Output;
  readonly #options: ProgressOptions;
  readonly #screen: Screen;
  readonly #said = new Map<string, { readonly state: string; readonly atMs: number }>();

  constructor(out: Output, options: ProgressOptions) {
    this.#out = out;
    this.#options = options;
    this.#screen = new Screen(out);
  }

  status(status: ApiStatus): void {
    const seen = instancesOf(status, this.#options.region);
    if (this.#options.isTty && !this.#options.json) return this.#draw(seen);
    for (const one of seen) if (this.#isNews(one)) this.#out.write(`${this.#line(one)}\n`);
    return undefined;
  }

  /** What is shown stays; the next output goes below. */
  done(): void {
    this.#screen.keep();
  }

  #draw(seen: readonly Seen[]): void {
    const width = Math.max(0, ...seen.map(({ id }) => id.length));
    const columns = this.#out.columns ?? 80;
    this.#screen.draw(seen.map((one) => cut(`  ${padEnd(one.id, width)}  ${doing(one)}`, columns)));
  }

  #isNews({ id, instance }: Seen): boolean {
    const last = this.#said.get(id);
    const nowMs = this.#options.clock.monotonicMs();
    const isSame = last?.state === `${instance.state} ${instance.because}`;
    const isMoving = instance.progress !== null && nowMs - (last?.atMs ?? 0) >= lineEveryMs;
    if (isSame && !isMoving) return false;
    this.#said.set(id, { state: `${instance.state} ${instance.because}`, atMs: nowMs });
    return true;
  }

  #line(one: Seen): string {
    if (!this.#options.json) return `${one.id}: ${doing(one)}`;
    const { number, role, state, because, progress } = one.instance;
    const { database, region } = one;
    return JSON.stringify({
      kind: "progress",
      database,
      region,
      number,
      role,
      state,
      because,
      progress,
    });
  }
}

function instancesOf(status: ApiStatus, only: string | undefined): readonly Seen[] {
  return Object.entries(status.databases).flatMap(([database, { members }]) =>
    Object.entries(members)
      .filter(([region]) => only === undefined || region === only)
      .flatMap(([region, { instances, lagBytes }]) =>
        instances.map((instance) => ({
          id: `${database}/${region}/${instance.number}`,
          database,
          region,
          instance,
          lagBytes: instance.number === 1 ? lagBytes : null,
        })),
      ),
  );
}

function doing({ instance, lagBytes }: Seen): string {
  const { state, because, progress } = instance;
  if (progress !== null) return `${state}  ${progressText(progress)}`;
  const behind =
    state === "catching-up" && lagBytes !== null ? `, ${formatBytes(lagBytes)} behind` : "";
  return because === null ? `${state}${behind}` : `${state}  ${because}${behind}`;
}
