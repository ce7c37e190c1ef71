/** Who acknowledged, one after another: how often the writer moved, and which answer of a thawed server is no move. Pure. */
import type { RegionName } from "../../scenarios/stage.ts";
import type { StageAck } from "./stage-clients.ts";

/** A whole Region that goes on after it stood still. By `performance.now()`, in ms, before the first SIGCONT. */
export type Thaw = { readonly region: RegionName; readonly atMs: number };

/** 250 ms for a thawed Region to end its old writer: its agent and its guard need some 20 ms, 45 on a busy machine. */
export const thawedAckMsMax = 250;

/**
 * The stated exception: a backend that was frozen past its lease may run before its agent and its guard do.
 *
 * @returns the thaw that explains this acknowledgement
 */
export function thawBehind(ack: StageAck, thaws: readonly Thaw[]): Thaw | undefined {
  return thaws.find(
    ({ region, atMs }) =>
      region === ack.region && ack.atMs >= atMs && ack.atMs - atMs <= thawedAckMsMax,
  );
}

/** Each acknowledgement by another Region than the last one before it, those that a thaw explains aside. */
export function handOvers(acks: readonly StageAck[], thaws: readonly Thaw[]): readonly StageAck[] {
  return acks
    .filter((ack) => thawBehind(ack, thaws) === undefined)
    .filter(({ region }, index, own) => index > 0 && own[index - 1]?.region !== region);
}
