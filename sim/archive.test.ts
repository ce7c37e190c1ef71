import { registerArchiveContract } from "../src/archive/archive-contract.ts";
import { SimArchive, SimArchiveDisk } from "./archive.ts";
import { SimClock } from "./clock.ts";

registerArchiveContract({
  make: () => {
    const clock = new SimClock();
    const disk = new SimArchiveDisk();
    let archive = new SimArchive(clock, disk);
    return {
      clock,
      archive: () => archive,
      restart: () => {
        archive.close();
        archive = new SimArchive(clock, disk);
      },
      end: () => archive.close(),
    };
  },
  drive: (world, body) => (world.clock as SimClock).drive(body),
});
