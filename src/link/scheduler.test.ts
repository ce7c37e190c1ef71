import fc from "fast-check";
import { expect, test } from "vitest";
import type { FlowClass } from "../model/link.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";
import { Scheduler, type Turn } from "./scheduler.ts";

type Owner = { readonly name: string; readonly flowClass: FlowClass };

const bytesOf = (size: number, first = 0): Parcel => ({
  kind: "bytes",
  bytes: Uint8Array.from({ length: size }, (_, at) => (first + at) % 251),
});

const anyQuantum = fc.integer({ min: 1, max: 100 });
const anyOwners = fc
  .array(fc.constantFrom<FlowClass>("control", "data"), { minLength: 1, maxLength: 5 })
  .map((classes) => classes.map((flowClass, at): Owner => ({ name: `${at}`, flowClass })));
/** Pushes of `size` bytes by one of the owners; size 0 is a mark. */
const anyPushes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 300 })), {
  maxLength: 60,
});

function drain(scheduler: Scheduler<Owner>, quantumBytes: number): Turn<Owner>[] {
  const turns: Turn<Owner>[] = [];
  for (;;) {
    const turn = scheduler.take(quantumBytes);
    if (!turn) return turns;
    turns.push(turn);
  }
}

/** A flow's content, whatever the pieces: its bytes, and where among them its marks are. */
function content(parcels: readonly Parcel[]): (number | string)[] {
  return parcels.flatMap((parcel): (number | string)[] =>
    parcel.kind === "bytes" ? [...parcel.bytes] : [parcel.kind],
  );
}

test("nothing is lost, added or reordered within a flow", () => {
  fc.assert(
    fc.property(anyOwners, anyPushes, anyQuantum, (owners, pushes, quantum) => {
      const scheduler = new Scheduler<Owner>();
      const sent = new Map<Owner, Parcel[]>(owners.map((owner) => [owner, []]));
      for (const [pick, size] of pushes) {
        const owner = owners[pick % owners.length] as Owner;
        const parcel: Parcel = size === 0 ? { kind: "fin" } : bytesOf(size, pick);
        sent.get(owner)?.push(parcel);
        scheduler.push(owner, owner.flowClass, parcel);
      }
      const turns = drain(scheduler, quantum);
      for (const [owner, parcels] of sent) {
        const got = turns.filter((turn) => turn.owner === owner).map((turn) => turn.parcel);
        expect(content(got)).toEqual(content(parcels));
      }
      expect(scheduler.isEmpty).toBe(true);
    }),
  );
});

test("no data goes while a control parcel waits", () => {
  fc.assert(
    fc.property(anyOwners, anyPushes, anyQuantum, (owners, pushes, quantum) => {
      const scheduler = new Scheduler<Owner>();
      let controlBytes = 0;
      for (const [pick, size] of pushes) {
        const owner = owners[pick % owners.length] as Owner;
        scheduler.push(owner, owner.flowClass, bytesOf(size + 1));
        if (owner.flowClass === "control") controlBytes += size + 1;
        const turn = scheduler.take(quantum);
        const isControl = turn?.owner.flowClass === "control";
        expect(isControl || controlBytes === 0).toBe(true);
        if (turn && isControl) controlBytes -= parcelBytes(turn.parcel);
      }
    }),
  );
});

test("flows of one class that always have something to send are never more than a quantum apart", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 6 }),
      anyQuantum,
      (sizes, quantum) => {
        const scheduler = new Scheduler<number>();
        const sentBytes = sizes.map(() => 0);
        const waitingBytes = sizes.map(() => 0);
        for (let round = 0; round < 200; round++) {
          sizes.forEach((size, owner) => {
            while ((waitingBytes[owner] as number) <= quantum) {
              scheduler.push(owner, "data", bytesOf(size));
              waitingBytes[owner] = (waitingBytes[owner] as number) + size;
            }
          });
          const turn = scheduler.take(quantum);
          if (!turn) throw new Error("somebody always waits");
          const bytes = parcelBytes(turn.parcel);
          expect(bytes).toBeLessThanOrEqual(quantum);
          sentBytes[turn.owner] = (sentBytes[turn.owner] as number) + bytes;
          waitingBytes[turn.owner] = (waitingBytes[turn.owner] as number) - bytes;
          expect(Math.max(...sentBytes) - Math.min(...sentBytes)).toBeLessThanOrEqual(quantum);
        }
      },
    ),
  );
});

test("what is dropped of one flow takes nothing from the others", () => {
  const scheduler = new Scheduler<string>();
  scheduler.push("gone", "data", bytesOf(10));
  scheduler.push("stays", "data", bytesOf(5));
  scheduler.push("gone", "data", bytesOf(7));
  expect(scheduler.drop("gone")).toBe(17);
  expect(scheduler.drop("gone")).toBe(0);
  expect(scheduler.take(100)?.owner).toBe("stays");
  expect(scheduler.take(100)).toBeUndefined();
});
