import { SimWorld } from "./world.ts";
const [file, name, seed, ms] = process.argv.slice(2) as string[];
const plant = file === "-" ? undefined : (await import(`./planted/${file}`))[name as string];
const w = new SimWorld(Number(seed), plant); const o = await w.run(Number(ms));
for (const l of w.lines) console.log(`${l.atMs} ${l.event} ${JSON.stringify(l.fields)}`.slice(0, 260));
console.log([...o.operations], o.violations);
