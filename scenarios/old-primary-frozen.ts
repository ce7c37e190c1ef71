import { completes, east, west, type Story } from "./stage.ts";

export const oldPrimaryFrozen: Story = {
  name: "a primary that was frozen during a failover acknowledges nothing when it thaws",
  play: async (stage) => {
    await stage.expectWriter(east);
    await stage.freeze(east);
    await completes(stage.failover(west));
    await stage.expectWriter(west);
    await stage.thaw(east);
    await stage.expectWriter(west);
    await stage.expectSecondary(east);
    await stage.expectLossInEvidence(east);
  },
};
