/** `global/pg_control`, as far as its layout has been the same in all major versions that work here. */
import type { SystemId } from "../model/region.ts";

/** The machine's own byte order; little-endian on every platform that Leeward's PostgreSQL is built for. */
export function parseSystemId(control: Uint8Array): SystemId | undefined {
  if (control.byteLength < 8) return undefined;
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  const id = view.getBigUint64(0, true);
  return id === 0n ? undefined : (String(id) as SystemId);
}
