import { hostsOf, parseConfig } from "../provider/config.ts";
import { type Command, render } from "../provider/host/command.ts";
import type { Kind } from "../provider/kind.ts";
import { kinds } from "../provider/kinds/index.ts";
import { operationOf, type Properties } from "../provider/resource.ts";
import { type BenchHost, startHosts } from "./host.ts";
import { makeLinks, resetLinks } from "./links.ts";
import { type Context, leavingNothing, type Measurement } from "./measurement.ts";
import { run } from "./run.ts";
import type { Row } from "./table.ts";
import { inTurns, timed } from "./timing.ts";
import { type Taken, Wire } from "./wire.ts";

const name = "node1";
const most = 100;
const extra = "10.255.255.1/32";

/** What the guard costs a group of changes, on an open connection. */
export const guard: Measurement = {
  name: "guard",
  does: "what the guard adds to a group of changes: arming, proof, commit",
  run: (context) =>
    leavingNothing(async (later) => {
      const place = await startHosts([name], makeLinks(most), context);
      later(place.stop);
      const host = place.hosts[0] as BenchHost;
      const { problems: _, ...config } = parseConfig({ hosts: { [name]: host.settings } });
      const settings = hostsOf(config)[name];
      if (!settings) throw new Error(`there is no ${name}`);
      const wire = await Wire.open(name, settings);
      later(() => wire.close());
      const links = (count: number) =>
        Array.from({ length: count }, (_, n) => ({ name: `link${n}`, mtu: 1400, addresses: [`10.0.${n}.1/24`] }));
      const uplink = [{ name: "uplink", addresses: [`${host.settings.address}/30`, extra] }];
      return [
        ...(await groupOf("1 link", links(1), wire, host, context)),
        ...(await groupOf(`${most} links`, links(most), wire, host, context)),
        ...(await groupOf("the link of SSH", uplink, wire, host, context)),
      ];
    }),
};

/** A group that makes Nics so, with the guard and without it. */
async function groupOf(
  what: string,
  wants: readonly Properties[],
  wire: Wire,
  host: BenchHost,
  context: Context,
): Promise<Row[]> {
  const reset = () => host.console(`${resetLinks(most)}ip address delete ${extra} dev uplink 2>/dev/null || true`);
  const operations = () => wants.map((want) => setNic({ host: name, ...want }));
  // What only the first group of a host needs is installed by it.
  const first = operations();
  reset();
  await wire.change(first, "guarded");
  const script = scriptOf(first.flatMap((operation) => operation.commands()));

  const taken = { guarded: [] as Taken[], unguarded: [] as Taken[], handshake: [] as Taken[] };
  const group =
    (kept: keyof typeof taken, proof: "login" | "handshake" = "login") =>
    async () => {
      reset();
      const each = await wire.change(operations(), kept === "unguarded" ? "unguarded" : "guarded", proof);
      taken[kept].push(each);
      return each.whole;
    };
  const whole = await inTurns(
    {
      guarded: group("guarded"),
      unguarded: group("unguarded"),
      handshake: group("handshake", "handshake"),
      script: async () => {
        reset();
        return wire.run([script]);
      },
      login: () => timed(() => run([...host.ssh, "true"], context)),
    },
    (round, of) => context.log(`guard, ${what}: ${round} of ${of}`),
  );
  const against = (peer: string, samples: readonly number[]) => ({ peer: { name: peer, samples: inMs(samples) } });
  const unguarded = against("without the guard", whole.unguarded);
  const part = (measure: string, samples: readonly number[], peer: Pick<Row, "peer"> = unguarded): Row => {
    return { measure, unit: "ms", samples: inMs(samples), ...peer };
  };
  const proofs = (all: readonly Taken[]) => all.map(({ proof }) => proof).filter((seconds) => seconds > 0);
  const login = against("ssh ... true", whole.login);
  return [
    part(`group: ${what}, guarded`, whole.guarded),
    part("  the same", whole.guarded, against("one script", whole.script)),
    part(
      "  arm",
      taken.guarded.map(({ arm }) => arm),
    ),
    part(
      "  commit, with boot files",
      taken.guarded.map(({ commit }) => commit),
    ),
    // Where the way of SSH stays as it is nothing is to be proved.
    ...(proofs(taken.guarded).length > 0
      ? [
          part("  proof by a login", proofs(taken.guarded), login),
          part("  proof by a handshake", proofs(taken.handshake), login),
        ]
      : []),
    {
      measure: "  scripts sent, but for logins",
      unit: "exchanges",
      samples: taken.guarded.map(({ exchanges }) => exchanges),
      peer: { name: "without the guard", samples: taken.unguarded.map(({ exchanges }) => exchanges) },
    },
  ];
}

/** The change of a Nic, as the engine asks for it when the resource exists. */
function setNic(want: Properties) {
  const kind = kinds.find(({ type }) => type === "Nic") as Kind;
  const around = {
    owner: `bench/test/${want.name}`,
    changes: () => false,
    siblings: [],
    host: name,
    program: [],
    addresses: {},
  };
  const decide = (facts: Parameters<Kind["read"]>[1]) => ({
    name: String(want.name),
    have: kind.read(String(want.name), facts),
    want,
  });
  return operationOf(kind, around, name, want, false, decide, () => {});
}

const scriptOf = (commands: readonly Command[]) => ({
  command: { argv: ["sh", "-e"], stdin: `${commands.map(render).join("\n")}\n` },
});

const inMs = (seconds: readonly number[]) => seconds.map((each) => each * 1000);
