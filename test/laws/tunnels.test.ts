import { describe } from "vitest";
import { ip } from "../../provider/host/command.ts";
import type { Kind } from "../../provider/kind.ts";
import { VxlanTunnel } from "../../provider/kinds/vxlan-tunnel.ts";
import type { Properties } from "../../provider/resource.ts";
import { full, seed, some } from "../seed.ts";
import { noNamespace, walks } from "./walking.ts";

const given = [
  ip`link add base0 type veth peer name base1`,
  ...["base0", "base1"].map((name) => ip`link set ${name} up`),
  ip`address add 192.168.1.10/24 dev base0`,
  ip`address add fd00::10/64 dev base0 nodad`,
];
const network = { name: "vx0", vni: 100, port: 4789, learning: true, up: true, addresses: [] };
const four = { ...network, local: "192.168.1.10", peers: ["192.168.1.20"] };
const six = { ...network, local: "fd00::10", peers: ["fd00::20", "fd00::30"] };

/** What the samples of the kind do not walk. */
const states: [sentence: string, a: Properties, b: Properties][] = [
  ["from IPv4 to IPv6, and back", four, six],
  [
    "by a link that it names, which sets its MTU",
    { ...six, dev: "base0" },
    { ...six, dev: "base0", peers: [], ttl: 9 },
  ],
  [
    "with a multicast group, of which nothing is taken for a peer",
    { ...network, local: "192.168.1.10", group: "239.1.1.1", dev: "base0" },
    { ...network, local: "192.168.1.10", group: "239.1.1.2", dev: "base0", learning: false },
  ],
];

if (!full) console.log(`a sample of the walks; HOSTNET_SEED=${seed} repeats it`);

describe.skipIf(noNamespace)(`on the kernel of this machine${noNamespace}`, () => {
  describe.each(some(states, 1, "walks of a VXLAN tunnel"))("a VXLAN tunnel: %s", (_, a, b) =>
    walks({ ...VxlanTunnel, samples: { given, a, b } } as unknown as Kind),
  );
});
