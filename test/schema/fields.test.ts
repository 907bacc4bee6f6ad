import { describe, expect, test } from "vitest";
import { hostFields, providerFields } from "../../provider/host/settings.ts";
import { DockerNetwork } from "../../provider/kinds/docker-network.ts";
import { VlanInterface } from "../../provider/kinds/vlan-interface.ts";
import { isUnknown, UNKNOWN } from "../../provider/schema/field.ts";
import { s } from "../../provider/schema/fields.ts";
import { differences, read } from "./read.ts";

const vlanId = s.int("A tag.", { min: 1, max: 4094 });
const port = s.object("Port", "A port.", { name: s.ifname("A name."), tags: s.set(vlanId).optional() });

test("trap 34: a name of 16 characters is refused before the kernel truncates or refuses it", () => {
  const given = { parent: "sixteen_letters_", vlanId: 10, name: "v10" };
  expect(read(VlanInterface.inputs, given).problems).toEqual([
    'parent must have 1 to 15 characters, got "sixteen_letters_" with 16',
  ]);
});

test("a VLAN tag that cannot be is refused by name, value and range", () => {
  const given = { parent: "ens33", name: "v", vlanId: 5000 };
  expect(read(VlanInterface.inputs, given).problems).toEqual(["vlanId must be an integer from 1 to 4094, got 5000"]);
});

test("the unknown values inside of a value pass, and the known ones beside them are still read", () => {
  const given = {
    name: "net",
    driver: "macvlan",
    subnets: [{ subnet: UNKNOWN, gateway: "10.300.0.2" }, { subnet: "10.0.0.0/24" }],
    labels: { a: UNKNOWN },
  };
  const { value, problems } = read(DockerNetwork.inputs, given);
  expect(problems).toEqual(['subnets[0].gateway must be an address like 10.0.0.5, got "10.300.0.2"']);
  expect(isUnknown(value)).toBe(true);
  expect(isUnknown({ ...value, subnets: [], labels: {} })).toBe(false);
  expect(read({ it: s.set(vlanId) }, { it: [UNKNOWN, UNKNOWN] }).problems).toEqual([]);
});

test("an unknown property is refused with the nearest known one, and all known ones where none is near", () => {
  const message = (name: string) =>
    read(VlanInterface.inputs, { name: "v", parent: "p", vlanId: 1, [name]: 1 }).problems;
  expect(message("vlanid")).toEqual(["vlanid is unknown; did you mean vlanId?"]);
  expect(message("adresses")).toEqual(["adresses is unknown; did you mean addresses?"]);
  expect(message("colour")).toEqual([
    "colour is unknown; known are name, parent, vlanId, protocol, mtu, up, addresses",
  ]);
  expect(message("__defaults")).toEqual([]); // The engine's own.
});

test("every mistake is told at once", () => {
  const { problems } = read(DockerNetwork.inputs, { name: "-x", driver: "weave", subnets: [{ subnet: "x" }] });
  expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["name", "driver", "subnets[0].subnet"]);
});

test("a default stands in for what was left out, and only for that", () => {
  const up = s.bool("Whether.").default(true);
  expect(read({ up }, {}).value).toEqual({ up: true });
  expect(read({ up }, { up: false }).value).toEqual({ up: false });
});

test("a modifier makes another field and leaves the one it was called on as it was", () => {
  const changed = vlanId.optional().replaces().secret();
  expect(changed).toMatchObject({ required: false, replace: true, isSecret: true });
  expect(vlanId).toMatchObject({ required: true, replace: false, isSecret: false });
});

test("a message about a secret does not show its value", () => {
  const given = { hosts: { node1: { address: "h", privateKey: "hunter2, got out" } } };
  expect(read(providerFields, given).problems).toEqual([
    "hosts.node1.privateKey must be a private key that begins with -----BEGIN … PRIVATE KEY-----",
  ]);
  expect(read({ it: port.secret() }, { it: { name: "hunter2/" } }).problems.join()).not.toContain("hunter2");
});

test("what is plain refuses what is not known yet, also as an item", () => {
  const hidden = "must be plain, got an output: what a component makes is decided before any output is known";
  const fields = { id: vlanId.plain().optional(), all: s.map(vlanId.plain()).plain().default({}) };
  expect(read(fields, { id: 10, all: { a: 20 } })).toEqual({ value: { id: 10, all: { a: 20 } }, problems: [] });
  expect(read(fields, { id: UNKNOWN }).problems).toEqual([`id ${hidden}`]);
  expect(read(fields, { all: UNKNOWN }).problems).toEqual([`all ${hidden}`]);
  expect(read(fields, { all: { a: UNKNOWN } }).problems).toEqual([`all.a ${hidden}`]);
});

test("the way to a host is read with its defaults, and a word that SSH would take for an option is refused", () => {
  expect(read(hostFields, { address: "10.0.0.1" }).value).toEqual({
    address: "10.0.0.1",
    connectTimeout: 10,
    gone: false,
  });
  const given = { address: "-oProxyCommand=reboot", user: "a b", port: 0, hostKey: "ssh-ed25519" };
  expect(read(hostFields, given).problems).toEqual([
    'address must be a word that does not begin with a dash, got "-oProxyCommand=reboot"',
    "port must be an integer from 1 to 65535, got 0",
    'user must be a word that does not begin with a dash, got "a b"',
    'hostKey must be a public key like ssh-ed25519 AAAA…, got "ssh-ed25519"',
  ]);
});

describe("what differs", () => {
  test("in a list is told place by place, since its order matters", () => {
    const list = s.list(vlanId);
    expect(differences(list, [1, 2], [2, 1])).toEqual(["update it[0]", "update it[1]"]);
    expect(differences(list, [1], [1, 2])).toEqual(["add it[1]"]);
    expect(differences(list, [1, 2, 3], [1, 2])).toEqual(["delete it[2]"]);
  });

  test("objects in a set are the same in whatever order their keys stand: the engine sorts them", () => {
    const ports = s.set(port);
    expect(differences(ports, [{ name: "a", tags: [1] }], [{ tags: [1], name: "a" }])).toEqual([]);
    expect(
      read(
        { it: ports },
        {
          it: [
            { name: "a", tags: [1] },
            { tags: [1], name: "a" },
          ],
        },
      ).problems,
    ).toHaveLength(1);
  });

  test("in a set is told without regard to order: what is added by its new place, what goes by its old one", () => {
    const set = s.set(vlanId);
    expect(differences(set, [1, 2, 3], [3, 1, 2])).toEqual([]);
    expect(differences(set, [2], [1, 2])).toEqual(["add it[0]"]);
    expect(differences(set, [1, 2], [2])).toEqual(["delete it[0]"]);
    expect(differences(set, [2, 1], [2, 3])).toEqual(["update it[1]"]);
    expect(differences(set, [], [1, 2])).toEqual(["add it[0]", "add it[1]"]);
  });

  test("in a map is told by key, also for keys that are no words", () => {
    const map = s.map(s.string("Any text."), "Labels.");
    expect(differences(map, { a: "1", "b.c": "2", d: "3" }, { a: "1", "b.c": "x", e: "4" })).toEqual([
      'update it["b.c"]',
      "delete it.d",
      "add it.e",
    ]);
  });

  test("in an object leaves out what is unmanaged, and names the rest", () => {
    expect(differences(port, { name: "a", tags: [1] }, { name: "a" })).toEqual([]);
    expect(differences(port, { name: "a" }, { name: "b", tags: [1] })).toEqual(["update it.name", "add it.tags"]);
  });

  test("is nothing where a value is left out, and something where it is not known yet", () => {
    expect(differences(vlanId, 1, undefined)).toEqual([]);
    expect(differences(vlanId, 1, UNKNOWN)).toEqual(["update it"]);
    expect(differences(vlanId, undefined, 1)).toEqual(["add it"]);
    expect(differences(s.set(vlanId), [1], UNKNOWN)).toEqual(["update it"]);
  });
});
