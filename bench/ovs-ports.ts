import { newStack } from "../test/engine/stack.ts";
import { ovsOn } from "../test/host/ovs.ts";
import { type BenchHost, startHosts } from "./host.ts";
import { instantPlugin } from "./instant/plugin.ts";
import { forgetBoot, ovsPortsProgram, vlanOf } from "./links.ts";
import { type Context, finished, leavingNothing, type Measurement } from "./measurement.ts";
import { run } from "./run.ts";
import type { Row } from "./table.ts";
import { timed } from "./timing.ts";

const name = "node1";
const few = 100;

/** Many ports of one bridge of Open vSwitch, against `ovs-vsctl` for each of them. */
export const ovsPorts: Measurement = {
  name: "ovs-ports",
  does: `up of ${few} ports on one bridge of Open vSwitch, and of many`,
  size: 1000,
  run: (context, size) =>
    leavingNothing(async (later) => {
      const place = await startHosts([name], await ovsOn(), context);
      later(place.stop);
      const rows: Row[] = [];
      for (const count of new Set([Math.min(few, size), size]))
        rows.push(...(await rowsOf(count, place.hosts[0] as BenchHost, context)));
      return rows;
    }),
};

// One run of each: a run is long, and its parts are many.
const rowsOf = (count: number, host: BenchHost, context: Context) =>
  leavingNothing(async (later): Promise<Row[]> => {
    const project = { yaml: ovsPortsProgram(name, count) };
    const hosts = { [name]: host.settings };
    const hostnet = await newStack({ project, hosts });
    later(() => hostnet.remove());
    const instant = await newStack({ project, hosts, plugins: { hostnet: await instantPlugin(context.log) } });
    later(() => instant.remove());
    const up = ["up", "--yes", "--skip-preview", "--parallel", "64"];

    /** Begins with an empty bridge; answers the seconds and how many transactions there were. */
    const contend = async (what: string, act: () => Promise<unknown>, made = count) => {
      context.log(`ovs-ports: ${count} ports, ${what}`);
      host.console(emptyBridge + forgetBoot);
      const before = Number(host.console(transactions));
      const seconds = await timed(act);
      const ports = Number(host.console(`${path}ovs-vsctl list-ports ovs0 | wc -l`));
      if (ports !== made) throw new Error(`${ports} ports of ${made} are there`);
      return { seconds, transactions: Number(host.console(transactions)) - before };
    };
    const engine = await contend("a provider that answers at once", () => finished(instant.start(up), context), 0);
    const ours = await contend("hostnet", () => finished(hostnet.start(up), context));
    const lines = Array.from(
      { length: count },
      (_, n) => `ovs-vsctl add-port ovs0 port${n} tag=${vlanOf(n)} -- set Interface port${n} type=internal\n`,
    );
    const peer = await contend("one ovs-vsctl per port", () =>
      run([...host.ssh, "sh -e"], context, { input: path + lines.join("") }),
    );
    const against = (samples: readonly number[]) => ({ name: "one ovs-vsctl per port", samples });
    return [
      {
        measure: `up of ${count} ports, less the engine's own`,
        unit: "s",
        samples: [ours.seconds - engine.seconds],
        peer: against([peer.seconds]),
      },
      { measure: "  the same", unit: "transactions", samples: [ours.transactions], peer: against([peer.transactions]) },
    ];
  });

// Where the tests lay the programs of Open vSwitch.
const path = "PATH=/usr/local/sbin:$PATH\n";
const emptyBridge = `${path}ovs-vsctl --if-exists del-br ovs0 -- add-br ovs0 -- set Bridge ovs0 datapath_type=netdev\n`;
/** Each transaction stands in the log of the database, with the command that it came from. */
const transactions = `${path}ovsdb-tool show-log /run/openvswitch/conf.db | grep -c 'ovs-vsctl.*add-port' || :`;
