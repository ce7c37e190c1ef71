/**
 * What the links are set to, and what they carry: the settings of people (kept in the store), isolated
 * Regions, and the figures that the network program reports.
 */
import type { Clock, Json } from "../env/env.ts";
import { pause } from "../env/pause.ts";
import { effective } from "../link/conditions.ts";
import { Failure } from "../model/failure.ts";
import type { LinkDirection, LinkEnd, LinkTraffic } from "../model/link.ts";
import {
  changeLink,
  linkDirections,
  linkKey,
  type LinkChange,
  type LinkScope,
  type LinkSettings,
} from "../model/link-settings.ts";
import type { RegionId } from "../model/region.ts";
import { Bell } from "../std/bell.ts";
import type { Store } from "../store/store.ts";
import { decode, encode } from "../wire/codec.ts";
import { conditionsHoldMs, networkAnswer, networkQuestion } from "../wire/network-protocol.ts";
import { linkSettingsCodec } from "../wire/program-settings.ts";

const linkPrefix = "links/";
const isolatedPrefix = "isolated/";

/** 3 s for the network program to take new conditions; it asks all the time, so more means that it is down. */
const applyTimeoutMs = 3_000;
/** Far more changes than one controller makes: revisions of two terms never meet. */
const revisionsPerTerm = 1_000_000;

type Reset = { readonly revision: number; readonly from: LinkEnd; readonly to: LinkEnd };

export class LinkBoard {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #links = new Map<string, LinkSettings>();
  readonly #isolated = new Set<LinkEnd>();
  #revision: number;
  #applied = 0;
  #resets: readonly Reset[] = [];
  #traffic: readonly LinkTraffic[] = [];
  #changed = new Bell();
  #appliedBells = new Set<Bell>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(doors: { clock: Clock; store: Store }, links: readonly LinkSettings[], term: number) {
    this.#clock = doors.clock;
    this.#store = doors.store;
    this.#revision = term * revisionsPerTerm;
    for (const link of links) this.#links.set(linkKey(...link.ends), link);
  }

  /** What people set in earlier lives of the controller goes before `leeward.yaml`. */
  async load(signal: AbortSignal): Promise<void> {
    const links = await this.#store.list(linkPrefix, signal);
    for (const { key, value } of links.entries) {
      const name = key.slice(linkPrefix.length);
      const kept = decode(linkSettingsCodec, `link ${name}`, JSON.parse(value) as Json);
      if (this.#links.has(name)) this.#links.set(name, kept);
    }
    const isolated = await this.#store.list(isolatedPrefix, signal);
    for (const { key } of isolated.entries) {
      this.#isolated.add(key.slice(isolatedPrefix.length) as RegionId);
    }
  }

  /** Answers the network program, as soon as there is a newer revision than it has applied. */
  async handle(message: Json, signal: AbortSignal): Promise<Json> {
    const { applied, traffic } = decode(networkQuestion, "the network's question", message);
    this.#traffic = traffic;
    this.#noteApplied(applied);
    if (applied === this.#revision) {
      this.#changed = new Bell();
      await pause(this.#clock, this.#changed, conditionsHoldMs, signal);
    }
    return encode(networkAnswer, {
      revision: this.#revision,
      directions: [...this.directions()],
      resets: this.#resets.filter(({ revision }) => revision > applied),
    });
  }

  get links(): readonly LinkSettings[] {
    return [...this.#links.values()];
  }

  get traffic(): readonly LinkTraffic[] {
    return this.#traffic;
  }

  isIsolated(end: LinkEnd): boolean {
    return this.#isolated.has(end);
  }

  /** Both directions of every link, with what isolation makes of them. */
  directions(): readonly LinkDirection[] {
    return this.links.flatMap(linkDirections).map(({ from, to, conditions }) => ({
      from,
      to,
      conditions: effective(conditions, this.isIsolated(from) || this.isIsolated(to)),
    }));
  }

  /** @throws Failure `link.unknown` */
  find(one: string, other: string): LinkSettings {
    const link = this.#links.get(linkKey(one as LinkEnd, other as LinkEnd));
    if (link) return link;
    throw new Failure("link.unknown", `There is no link between ${one} and ${other}`);
  }

  /** Changes a link, and settles when the network program has put it in force. */
  async change(
    link: LinkSettings,
    change: LinkChange & { readonly reset: boolean },
    scope: LinkScope,
    signal: AbortSignal,
  ): Promise<LinkSettings> {
    const { reset, ...terms } = change;
    const name = linkKey(...link.ends);
    const changed = await this.#inTurn(async () => {
      const next = changeLink(this.#links.get(name) ?? link, terms, scope);
      const value = JSON.stringify(encode(linkSettingsCodec, next));
      await this.#store.commit([], [{ kind: "put", key: `${linkPrefix}${name}`, value }], signal);
      this.#links.set(name, next);
      return next;
    });
    await this.#announce(reset ? [link.ends] : [], signal);
    return changed;
  }

  /** Cuts every link of the Region, or mends them; settles when that is in force. */
  async isolate(region: RegionId, isIsolated: boolean, signal: AbortSignal): Promise<void> {
    const key = `${isolatedPrefix}${region}`;
    const change = isIsolated
      ? ({ kind: "put", key, value: "true" } as const)
      : ({ kind: "delete", key } as const);
    await this.#inTurn(async () => {
      await this.#store.commit([], [change], signal);
      if (isIsolated) this.#isolated.add(region);
      else this.#isolated.delete(region);
    });
    await this.#announce([], signal);
  }

  /**
   * The Region's machines are gone, and nobody there sends again what a link that is down holds of theirs: it is lost
   * with them, and does not arrive when the link is mended. What is under way in a link that is up arrives.
   */
  async dropHeld(region: RegionId, signal: AbortSignal): Promise<void> {
    const held = this.directions().filter(
      ({ from, conditions }) => from === region && !conditions.isUp,
    );
    if (held.length > 0)
      await this.#announce(
        held.map(({ from, to }) => [from, to]),
        signal,
      );
  }

  /** One change after the other: two at once, each worked out from what was before, would undo each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #announce(
    resets: readonly (readonly [LinkEnd, LinkEnd])[],
    signal: AbortSignal,
  ): Promise<void> {
    this.#revision += 1;
    const revision = this.#revision;
    this.#resets = [...this.#resets, ...resets.map(([from, to]) => ({ revision, from, to }))];
    this.#changed.ring();
    await this.#untilApplied(revision, signal);
  }

  async #untilApplied(revision: number, signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const bell = new Bell();
    this.#appliedBells.add(bell);
    try {
      while (this.#applied < revision && !signal.aborted) {
        const leftMs = startedMs + applyTimeoutMs - this.#clock.monotonicMs();
        if (leftMs <= 0) {
          throw new Failure(
            "network.unreachable",
            `The network program did not take the change within ${applyTimeoutMs} ms; it gets it when it answers`,
          );
        }
        await pause(this.#clock, bell, leftMs, signal);
      }
    } finally {
      this.#appliedBells.delete(bell);
    }
  }

  #noteApplied(applied: number): void {
    this.#applied = applied;
    // A network program that starts anew has applied nothing, and must not break connections a second time.
    this.#resets = this.#resets.filter(({ revision }) => revision > applied);
    for (const bell of this.#appliedBells) bell.ring();
  }
}
