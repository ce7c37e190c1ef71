/** What visitors of the notes do, for `leeward load notes`. The first profile is the one when nobody names one. */
export const profiles = {
  read: async (visitor) => {
    visitor.step("home");
    await openPage(visitor);
    await visitor.pause(500);
  },
  write: async (visitor) => {
    visitor.step("home");
    await openPage(visitor);
    visitor.step("keep");
    // Answered with a redirect to the page, which is followed.
    await visitor.post("/notes", { text: `visitor ${visitor.number} was here` });
  },
};

async function openPage(visitor) {
  const page = await visitor.get("/");
  if (!page.text().includes("Keep it")) throw new Error("there is no form for a note");
}
