/**
 * One run. Visitors begin within the first second, one after the other, and repeat their journeys until the time is up or
 * the user ends it. Then nothing new begins, requests that are under way may still be answered, and that is the end:
 * journeys are let go where they are.
 */
import type { Clock } from "../env/env.ts";
import { describeError } from "../model/failure.ts";
import { Browser, RequestFailed, type Site } from "./browser.ts";
import { Flights } from "./flights.ts";
import type { Journey, LoadResult } from "./load.ts";
import { Tally, type Recent } from "./tally.ts";

export type LoadSettings = {
  /** As `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly journey: Journey;
  readonly clients: number;
  readonly durationMs: number;
};

export type LoadDoors = {
  readonly clock: Clock;
  /** Called each second. */
  readonly watch: (recent: Recent, elapsedMs: number) => void;
};

/** 1 s: fifty connections at once would measure how they are accepted. */
const rampMs = 1_000;

/** 5 s: what is not answered by then is not waited for. */
const lastAnswersMs = 5_000;

/** 250 ms: a person looks at an error for a moment; without it, a refused connection would be asked for endlessly. */
const afterFailureMs = 250;

const watchMs = 1_000;

/** @param signal ends it early, with what was counted so far */
export async function runLoad(
  settings: LoadSettings,
  { clock, watch }: LoadDoors,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { clients, durationMs, origin, journey } = settings;
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  const startedMs = clock.monotonicMs();
  const elapsedMs = (): number => clock.monotonicMs() - startedMs;
  const site: Site = {
    origin,
    clock,
    tally: new Tally(),
    flights: new Flights(),
    startedMs,
    ending,
  };
  const browsers = Array.from({ length: clients }, (_, index) => new Browser(index + 1, site));
  try {
    browsers.forEach(
      (browser, index) =>
        void visitAgainAndAgain(browser, journey, {
          site,
          afterMs: (rampMs * index) / clients,
        }),
    );
    while (!ending.aborted && elapsedMs() < durationMs) {
      const napMs = Math.min(watchMs, durationMs - elapsedMs());
      await clock.sleep(napMs, ending).catch(() => undefined);
      watch(site.tally.recent(elapsedMs()), elapsedMs());
    }
    over.abort();
    await lastAnswers(site);
    return site.tally.result(elapsedMs(), site.flights.open);
  } finally {
    over.abort();
    await Promise.all(browsers.map((browser) => browser.close()));
  }
}

/** Whichever is first: all are there, or nobody waits any longer. */
async function lastAnswers({ clock, flights }: Site): Promise<void> {
  const patience = new AbortController();
  const late = clock.sleep(lastAnswersMs, patience.signal).catch(() => undefined);
  await Promise.race([flights.none(), late]);
  patience.abort();
}

/** Settles when it is seldom asked: a journey that is let go holds it for ever. */
async function visitAgainAndAgain(
  browser: Browser,
  journey: Journey,
  { site, afterMs }: { readonly site: Site; readonly afterMs: number },
): Promise<void> {
  await browser.pause(afterMs);
  while (!site.ending.aborted) {
    const askedBefore = browser.asked;
    const isComplete = await visitOnce(browser, journey, site.tally);
    site.tally.journey(isComplete ? "completed" : "failed");
    // One that asks for nothing would never let the others have their turn.
    if (!isComplete || browser.asked === askedBefore) await browser.pause(afterFailureMs);
  }
}

async function visitOnce(browser: Browser, journey: Journey, tally: Tally): Promise<boolean> {
  browser.startOver();
  try {
    await journey(browser);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) {
      tally.journeyThrew(`${browser.stepName}: ${describeError(error)}`);
    }
    return false;
  }
}
