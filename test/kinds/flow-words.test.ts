import { expect, test } from "vitest";
import { flowText, normalFlow, parseFlow } from "../../provider/kinds/flow-words.ts";

/** What a user writes, and what Open vSwitch 3.1 printed of it (`ovs-ofctl --no-stats --names dump-flows`). */
const pairs = [
  [
    "in_port=in0,tcp,nw_src=10.0.0.1/32,tp_dst=80,actions=output:to-node2,NORMAL",
    'tcp,in_port=in0,nw_src=10.0.0.1,tp_dst=80 actions=output:"to-node2",NORMAL',
  ],
  [
    "table=2,dl_vlan=5,actions=strip_vlan,mod_vlan_vid:7,normal",
    "table=2, dl_vlan=5 actions=strip_vlan,mod_vlan_vid:7,NORMAL",
  ],
  ["dl_type=0x0800,nw_proto=17,udp_src=53 actions=drop", "udp,tp_src=53 actions=drop"],
  [
    "in_port=LOCAL,ipv6,ipv6_src=fd00:0::1,actions=resubmit(,2),learn(table=3,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[])",
    "ipv6,in_port=LOCAL,ipv6_src=fd00::1 actions=resubmit(,2),learn(table=3,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[])",
  ],
  [
    "dl_dst=AA:bb:cc:00:00:01,vlan_tci=0x0000/0x1fff,arp,arp_tpa=10.0.0.1 actions=CONTROLLER",
    "arp,vlan_tci=0x0000/0x1fff,dl_dst=aa:bb:cc:00:00:01,arp_tpa=10.0.0.1 actions=CONTROLLER:65535",
  ],
  [
    "icmp6,icmpv6_type=136 actions=set_field:02:00:00:00:00:01->eth_src,in_port",
    "icmp6,icmp_type=136 actions=mod_dl_src:02:00:00:00:00:01,IN_PORT",
  ],
  ["ip,ct_state=+trk+est actions=ct(commit,zone=5),flood", "ct_state=+est+trk,ip actions=ct(commit,zone=5),FLOOD"],
  ["actions=NORMAL", " actions=NORMAL"],
] as const;

test.each(pairs)("%s is what is printed of it", (written, printed) => {
  const found = parseFlow(`cookie=0x686f737400000001, priority=7,${printed}`);
  expect(found && flowText(found)).toBe(normalFlow(written));
  expect(found?.priority).toBe(7);
});

test.each(pairs)("the normal form of %s is its own", (written) => {
  const normal = normalFlow(written) ?? "";
  expect(normalFlow(normal)).toBe(normal);
});

test("the ports that a flow names are those of the bridge, not those of OpenFlow", () => {
  expect(parseFlow("in_port=LOCAL,actions=output:web,IN_PORT,output:NXM_NX_REG0[]")?.ports).toEqual(["web"]);
});

test.each([
  "",
  "tcp",
  "actions=",
  "priority=5,actions=drop",
  "cookie=5,actions=drop",
  "hard_timeout=5,actions=drop",
  "actions=output:3",
  "table=x,actions=drop",
])("%j is no flow that can be said", (text) => expect(normalFlow(text)).toBeUndefined());
