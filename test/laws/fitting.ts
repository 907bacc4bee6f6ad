import { type Command, ip } from "../../provider/host/command.ts";
import type { Kind } from "../../provider/kind.ts";
import type { Properties } from "../../provider/resource.ts";
import type { Ground } from "./laws.ts";

/** What a kernel may lack of a kind that it has: commands that tell, and a sample that does without. */
interface Lack {
  readonly type: string;
  readonly tries: readonly Command[];
  without(sample: Properties): Properties;
}

const lacks: readonly Lack[] = [
  {
    type: "Bridge",
    tries: [ip`link add filter0 type bridge vlan_filtering 1`, ip`link delete dev filter0`],
    without: ({ vlans: _, ports, ...sample }) => ({
      ...sample,
      vlanFiltering: false,
      ports: Object.fromEntries(Object.keys(ports as Properties).map((port) => [port, {}])),
    }),
  },
];

/**
 * A kind with samples that the kernel of a host can have, so that the laws walk where it lacks a part of the kind only. The
 * lab's guests lack nothing: there the samples are walked as they stand.
 */
export async function fitting({ kind, line }: Ground): Promise<Kind> {
  const lack = lacks.find(({ type }) => type === kind.type);
  if (!lack) return kind;
  const answers = await (await line.talk()).run(lack.tries.map((command) => ({ command })));
  const failed = answers.find(({ status }) => status !== 0);
  if (!failed) return kind;
  if (!failed.stderr.includes("Operation not supported")) throw new Error(failed.stderr);
  const { given, a, b } = kind.samples;
  return { ...kind, samples: { given, a: lack.without(a), b: lack.without(b) } };
}
