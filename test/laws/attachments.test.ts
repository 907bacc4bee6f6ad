import { describe } from "vitest";
import { type Command, ip } from "../../provider/host/command.ts";
import type { Kind } from "../../provider/kind.ts";
import { ContainerAttachment } from "../../provider/kinds/container-attachment.ts";
import { noOvs } from "../host/ovs.ts";
import { some } from "../seed.ts";
import { noNamespace, walks } from "./walking.ts";

const ovsBridge = (name: string): Command => ({
  argv: ["ovs-vsctl", "add-br", name, "--", "set", "Bridge", name, "datapath_type=netdev"],
});
const given = [
  ip`netns add law`,
  ip`-n law link set dev lo up`,
  ip`link add name nic0 type veth peer name nic1`,
  ip`link set dev nic0 up`,
  ip`link set dev nic1 up`,
];
const place = { namespace: "/run/netns/law", interface: "eth1" };
const where = { ...place, ...ContainerAttachment.derive?.(place) };
const none = { addresses: [], gateways: [], gatewayPolicy: "replace", routes: [], rules: [], sysctls: {} } as const;
const one = { ...none, addresses: ["192.168.1.150/24"], gateways: ["192.168.1.1"] };
const other = { ...none, addresses: ["192.168.2.150/24"], routes: [{ destination: "10.9.0.0/16" }], mtu: 1400 };

/** What an interface inside can be besides the end of a cable into a bridge: the kind's own samples walk that. */
const sorts = {
  "a NIC": { nic: "nic0" },
  "a macvlan": { macvlan: "nic0", mode: "private" },
  "an ipvlan": { ipvlan: "nic0", mode: "l2" },
} as const;

/** The end of a cable into a bridge of Open vSwitch, and what it can become. */
const ovs = {
  "with other VLANs": {
    a: { ovsBridge: "ovs0", vlanMode: "access", tag: 100 },
    b: { ovsBridge: "ovs0", vlanMode: "native-untagged", tag: 200, trunks: [10, 20] },
  },
  "in another bridge of Open vSwitch": {
    a: { ovsBridge: "ovs0", vlanMode: "trunk", trunks: [10] },
    b: { ovsBridge: "ovs1", vlanMode: "access", tag: 100 },
  },
  "in a bridge of the kernel": {
    a: { ovsBridge: "ovs0", vlanMode: "access", tag: 100 },
    b: { bridge: "br0" },
  },
} as const;

describe.skipIf(noNamespace)(`an attachment that is${noNamespace}`, () => {
  describe.each(some(Object.entries(sorts), 3, "sorts of attachments", 1))("%s", (_, sort) => {
    const samples = { given, a: { ...where, ...sort, ...one }, b: { ...where, ...sort, ...other } };
    walks({ ...ContainerAttachment, samples } as unknown as Kind);
  });
});

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);

describe.skipIf(missing)(`an attachment to a bridge of Open vSwitch that is then${missing}`, () => {
  describe.each(some(Object.entries(ovs), 3, "places of attachments", 1))("%s", (_, { a, b }) => {
    const samples = {
      given: [...given, ...["ovs0", "ovs1"].map(ovsBridge), ip`link add name br0 type bridge`, ip`link set dev br0 up`],
      a: { ...where, ...a, ...one },
      b: { ...where, ...b, ...other },
    };
    walks({ ...ContainerAttachment, samples } as unknown as Kind);
  });
});
