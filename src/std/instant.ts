/** A moment, in ms since 1970, as RFC 3339: what the API and the logs say. */
export function formatInstant(ms: number): string {
  // oxlint-disable-next-line no-restricted-globals -- writes a number, and asks no clock.
  return new Date(ms).toISOString();
}
