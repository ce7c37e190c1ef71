import { east, west, type Story } from "./stage.ts";

export const secondaryIsolated: Story = {
  name: "a switchover to a Region that cannot be reached changes nothing, and writes go on",
  play: async (stage) => {
    await stage.expectWriter(east);
    await stage.isolate(west);
    await stage.passTime(5_000);
    const { outcome } = await stage.switchover(west);
    if (outcome === "completed") throw new Error("A switchover to an isolated Region completed");
    await stage.expectWriter(east);
    await stage.heal(west);
    await stage.expectSecondary(west);
    await stage.expectNothingLost();
  },
};
