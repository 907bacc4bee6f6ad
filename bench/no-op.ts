import { newStack, type Project, type Stack } from "../test/engine/stack.ts";
import { type BenchHost, startHosts } from "./host.ts";
import { instantPlugin } from "./instant/plugin.ts";
import { makeLinks, typescriptProgram, yamlProgram } from "./links.ts";
import { type Context, finished, leavingNothing, type Measurement } from "./measurement.ts";
import { run } from "./run.ts";
import type { Row } from "./table.ts";
import { inTurns, timed } from "./timing.ts";

const names = ["node1", "node2"];
const count = 50;
const programs: readonly [string, Project][] = [
  ["YAML", { yaml: yamlProgram(names, count) }],
  ["TypeScript", { typescript: typescriptProgram(names, count) }],
];

/** A preview and an up that find nothing to do, against the same on a provider that answers at once. */
export const noOp: Measurement = {
  name: "no-op",
  does: `preview and up of ${names.length} hosts x ${count} links that are as wanted`,
  run: (context) =>
    leavingNothing(async (later) => {
      const { hosts, stop } = await startHosts(names, makeLinks(count), context);
      later(stop);
      const rows: Row[] = [];
      for (const [language, project] of programs) {
        const stacks = await makeStacks(project, hosts, context, later);
        rows.push(...(await compare(language, stacks, hosts, context)));
      }
      return rows;
    }),
};

type Stacks = { hostnet: Stack; instant: Stack };

/** The same program with the same state on both providers. */
async function makeStacks(
  project: Project,
  hosts: readonly BenchHost[],
  context: Context,
  later: (cleanUp: () => Promise<void>) => void,
): Promise<Stacks> {
  const settings = Object.fromEntries(hosts.map((host) => [host.name, host.settings]));
  const hostnet = await newStack({ project, hosts: settings });
  later(() => hostnet.remove());
  const plugins = { hostnet: await instantPlugin(context.log) };
  const instant = await newStack({ project, hosts: settings, plugins });
  later(() => instant.remove());
  await finished(hostnet.start(up), context);
  await instant.must(["stack", "import"], await hostnet.must(["stack", "export"]));
  return { hostnet, instant };
}

const up = ["up", "--yes", "--skip-preview"];

async function compare(
  language: string,
  { hostnet, instant }: Stacks,
  hosts: readonly BenchHost[],
  context: Context,
): Promise<Row[]> {
  const takes = (stack: Stack, command: readonly string[]) => () =>
    timed(async () => {
      const text = await finished(stack.start(command), context);
      // A run that did something, or nothing at all, would be no comparison.
      if (!text.includes(`${names.length * count + 1} unchanged`)) throw new Error(`not a no-op:\n${text}`);
    });
  const samples = await inTurns(
    {
      // Both at once: one after the other would take more off.
      login: () => timed(() => Promise.all(hosts.map(({ ssh }) => run([...ssh, "true"], context)))),
      previewHostnet: takes(hostnet, ["preview"]),
      previewInstant: takes(instant, ["preview"]),
      upHostnet: takes(hostnet, up),
      upInstant: takes(instant, up),
    },
    (round, of) => context.log(`no-op, ${language}: ${round} of ${of}`),
  );
  const { login } = samples;
  const row = (what: string, ours: number[], peer: number[]): Row[] => {
    const common = { unit: "s", peer: { name: "answers at once", samples: peer } } as const;
    const measure = `no-op ${what}, ${names.length} x ${count} links, ${language}`;
    const rest = ours.map((seconds, round) => seconds - (login[round] ?? Number.NaN));
    return [
      { measure, samples: ours, ...common },
      { measure: "  less the login", samples: rest, ...common, goal: { most: 2, of: "ratio" } },
    ];
  };
  return [
    { measure: `login, ${names.length} hosts at once (ssh ... true)`, unit: "s", samples: login },
    ...row("preview", samples.previewHostnet, samples.previewInstant),
    ...row("up", samples.upHostnet, samples.upInstant),
  ];
}
