/** Moments as people read them, from the RFC 3339 texts of the API. Takes no clock: it is told what now is. */

/** Milliseconds since 1970; undefined when it is no such text. */
export function parseInstant(text: string): number | undefined {
  // oxlint-disable-next-line no-restricted-globals -- reads a text, and asks no clock.
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** In the local time zone: `14:03:05`, or `2026-01-02 14:03:05` when it is another day than `nowMs`. */
export function formatInstant(ms: number, nowMs: number): string {
  const [day, time] = localParts(ms);
  return day === localParts(nowMs)[0] ? time : `${day} ${time}`;
}

function localParts(ms: number): readonly [day: string, time: string] {
  // oxlint-disable-next-line no-restricted-globals -- splits a number, and asks no clock.
  const date = new Date(ms);
  const two = (amount: number): string => String(amount).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return [day, [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")];
}

/** A text of the API for people; as it is when it cannot be read. */
export function showInstant(text: string, nowMs: number): string {
  const ms = parseInstant(text);
  return ms === undefined ? text : formatInstant(ms, nowMs);
}
