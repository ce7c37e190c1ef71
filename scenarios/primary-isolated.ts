import { completes, east, west, type Story } from "./stage.ts";

export const primaryIsolated: Story = {
  name: "a primary that is cut off stops by itself, another takes over, and what only it had becomes evidence",
  play: async (stage) => {
    await stage.expectWriter(east);
    await stage.isolate(east);
    await completes(stage.failover(west));
    await stage.expectWriter(west);
    await stage.heal(east);
    await stage.expectSecondary(east);
    await stage.expectWriter(west);
    await stage.expectLossInEvidence(east);
  },
};
