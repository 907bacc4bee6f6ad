import { describe } from "vitest";
import { ip } from "../../provider/host/command.ts";
import type { Kind } from "../../provider/kind.ts";
import { ContainerAttachment } from "../../provider/kinds/container-attachment.ts";
import { some } from "../seed.ts";
import { noNamespace, walks } from "./walking.ts";

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

describe.skipIf(noNamespace)(`an attachment that is${noNamespace}`, () => {
  describe.each(some(Object.entries(sorts), 3, "sorts of attachments", 1))("%s", (_, sort) => {
    const samples = { given, a: { ...where, ...sort, ...one }, b: { ...where, ...sort, ...other } };
    walks({ ...ContainerAttachment, samples } as unknown as Kind);
  });
});
