const { SimWorld } = await import("/work/main/sim/world.ts");
const [file, name, ms, from, to] = process.argv.slice(2) as string[];
const plant = (await import(`/work/main/sim/planted/${file}`))[name as string];
const t = performance.now();
let found = 0;
for (let seed = Number(from); seed <= Number(to); seed++) {
  const { violations } = await new SimWorld(seed, plant).run(Number(ms));
  if (violations.length) {
    found++;
    console.log(seed, Math.round(performance.now() - t), violations.slice(0, 2));
    if (found >= 4) break;
  }
}
console.log(name, "found", found, Math.round(performance.now() - t));
