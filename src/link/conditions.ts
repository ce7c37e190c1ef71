/** What follows from the conditions of a direction: sizes of pieces, windows and bounds. Pure. */
import type { FlowClass, LinkConditions } from "../model/link.ts";

// 20 ms: how long one piece may occupy a slow link. A control message waits at most this long for the line.
const pieceMs = 20;
// 1460 bytes: the payload of one Ethernet packet. A real link does not send less at a time either.
const pieceBytesMin = 1460;
// 64 KiB: what Node reads from a socket at a time.
const pieceBytesMax = 64 * 1024;

// 64 KiB: the first window of a real TCP, and one read of a socket.
const windowBytesMin = 64 * 1024;
// 1 MiB: enough for an undelayed direction to go as fast as a plain pipe.
const windowBytesMinUnlimited = 1024 * 1024;
// 32 MiB: 1 GB/s over 30 ms one way; the largest receive window that Linux gives out is of this order, too.
const windowBytesMax = 32 * 1024 * 1024;
// 512 MB/s: what an unlimited link is taken to carry when its window is reckoned.
const unlimitedBytesPerMs = 512 * 1024;

/**
 * All data flows of a direction together: four of them at full window. Control has a budget of its own,
 * so that a clone that fills this one keeps no lease from being read.
 */
const heldBytesMax: Readonly<Record<FlowClass, number>> = {
  data: 4 * windowBytesMax,
  control: 16 * 1024 * 1024,
};

/** A direction that adds nothing and takes nothing away. */
export const openConditions: LinkConditions = {
  delayMs: 0,
  jitterMs: 0,
  bandwidthBitsPerSecond: undefined,
  isUp: true,
};

/** What is in force on a direction when one of its ends is isolated, or not. */
export function effective(base: LinkConditions, isIsolated: boolean): LinkConditions {
  return isIsolated ? { ...base, isUp: false } : base;
}

/** How long `bytes` occupy the line, in ms. */
export function transmissionMs(bytes: number, bandwidthBitsPerSecond: number): number {
  return (bytes * 8 * 1000) / bandwidthBitsPerSecond;
}

/** The most bytes that one flow sends before the next one has its turn. */
export function pieceBytes(bandwidthBitsPerSecond: number | undefined): number {
  if (bandwidthBitsPerSecond === undefined) return pieceBytesMax;
  const bytes = Math.floor((bandwidthBitsPerSecond / 8000) * pieceMs);
  return Math.min(Math.max(bytes, pieceBytesMin), pieceBytesMax);
}

/**
 * How many bytes of one flow may be inside the link before its source is no longer read. Twice the
 * bandwidth-delay product keeps the line busy; more would only be a longer queue (bufferbloat). One
 * direction knows its own delay, so a round trip is taken to be twice that.
 */
export function windowBytes(conditions: LinkConditions): number {
  const oneWayMs = conditions.delayMs + conditions.jitterMs;
  const rate = conditions.bandwidthBitsPerSecond;
  if (rate === undefined) {
    // Nothing queues here: only what is under way counts, twice for bursts.
    return clamp(2 * oneWayMs * unlimitedBytesPerMs, windowBytesMinUnlimited, windowBytesMax);
  }
  const roundTripMs = 2 * oneWayMs;
  return clamp(2 * roundTripMs * (rate / 8000), windowBytesMin, windowBytesMax);
}

/**
 * May a flow that holds `flowBytes` go on reading while its class holds `classBytes` in this direction?
 * Every flow may hold one read, or a full budget would stop flows that have nothing in it.
 */
export function hasRoom(flowClass: FlowClass, classBytes: number, flowBytes: number): boolean {
  return classBytes < heldBytesMax[flowClass] || flowBytes < windowBytesMin;
}

/** Has enough been taken out of a full budget that those who wait for room should be asked again? */
export function hasRoomAgain(flowClass: FlowClass, classBytes: number): boolean {
  return classBytes < 0.75 * heldBytesMax[flowClass];
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
