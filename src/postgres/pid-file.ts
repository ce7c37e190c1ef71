/** `postmaster.pid`, which PostgreSQL writes line by line while it starts. */
export type PidFile = {
  readonly pid: number;
  /** The eighth line, once it is there: `starting`, `standby`, `ready`, `stopping`. */
  readonly state: string | undefined;
};

/** Undefined for a file that was just made and has no number yet, and for nonsense. */
export function parsePidFile(text: string): PidFile | undefined {
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  // A standalone backend (`postgres --single`) writes its pid as a negative number.
  if (!Number.isSafeInteger(pid) || pid === 0) return undefined;
  const state = lines[7]?.trim();
  return { pid: Math.abs(pid), state: state ? state : undefined };
}
