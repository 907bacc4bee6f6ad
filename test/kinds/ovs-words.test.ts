import { expect, test } from "vitest";
import { render } from "../../provider/host/command.ts";
import { columns, mtuBack, ovsVsctl, setting } from "../../provider/kinds/ovs-words.ts";

test("parts become one transaction, and none no command", () => {
  expect(
    ovsVsctl([
      ["add-br", "ovs0"],
      ["set", "Bridge", "ovs0", "rstp_enable=true"],
    ]).map(render),
  ).toEqual(["ovs-vsctl --timeout=30 -- add-br ovs0 -- set Bridge ovs0 rstp_enable=true"]);
  expect(ovsVsctl([])).toEqual([]);
});

test("keys of a map are set and removed one by one, and others stay", () => {
  const have = { external_ids: { rack: "1", shelf: "2", other: "x" } };
  expect(setting("Port", "eth1", { external_ids: { rack: "3", other: "x" } }, have)).toEqual([
    ["set", "Port", "eth1", "external_ids:rack=3"],
    ["remove", "Port", "eth1", "external_ids", "shelf"],
  ]);
});

test("what is as in a new row takes no word, and what is no more is emptied", () => {
  expect(setting("Port", "eth1", { trunks: [], tag: undefined, protected: false, bond_updelay: 0 }, {})).toEqual([]);
  expect(setting("Port", "eth1", {}, { tag: 5, trunks: [1, 2], vlan_mode: "access" })).toEqual([
    ["set", "Port", "eth1", "tag=[]", "trunks=[]", "vlan_mode=[]"],
  ]);
});

test("0 and false are said where a column may hold nothing, which is something else", () => {
  const settings = {
    target: "tcp:10.0.0.9",
    inactivity_probe: 0,
    enable_async_messages: false,
    max_backoff: undefined,
  };
  expect(columns("Controller", settings)).toEqual([
    'target="tcp:10.0.0.9"',
    "inactivity_probe=0",
    "enable_async_messages=false",
  ]);
});

test("text that could be read as something else is quoted", () => {
  expect(
    columns("Controller", { target: "tcp:10.0.0.9:6653", other_config: { "a b": "x, y", empty: "", said: '"' } }),
  ).toEqual([
    'target="tcp:10.0.0.9:6653"',
    'other_config:"a b"=x, y',
    'other_config:empty=""',
    'other_config:said="\\""',
  ]);
});

test("an MTU is said once more before nobody asks for it", () => {
  expect(mtuBack("ovs0", 1500, {}, { mtu_request: 1400 }).map(render)).toEqual([
    "ovs-vsctl --timeout=30 -- set Interface ovs0 mtu_request=1500",
  ]);
  expect(mtuBack("ovs0", 1500, { mtu_request: 1500 }, { mtu_request: 1400 })).toEqual([]);
  expect(mtuBack("ovs0", 1500, {}, {})).toEqual([]);
});
