import { expect, test } from "vitest";
import type { Facts } from "../../provider/host/facts.ts";
import type { Around, Kind } from "../../provider/kind.ts";
import { ContainerAttachment } from "../../provider/kinds/container-attachment.ts";
import { operationOf, type Properties } from "../../provider/resource.ts";
import { factsOf } from "./written-host.ts";

const around: Around = {
  ...{ owner: "lab/dev/it", host: "node1", siblings: [], program: [], addresses: {} },
  changes: () => false,
};
const host = (inside: string) =>
  factsOf(`links: [{ name: br0, kind: bridge, index: 3 }, { name: cable0, kind: veth, master: br0, portOf: bridge, index: 9 }]
namespaces: { web: { links: [{ name: lo }${inside}] } }`) as Facts;
const want: Properties = {
  ...{ container: "web", interface: "eth1", bridge: "br0", hostInterface: "cable0", addresses: ["192.168.1.150/24"] },
  ...{ gateways: [], gatewayPolicy: "replace", routes: [], rules: [], sysctls: {} },
};
const kind = ContainerAttachment as unknown as Kind;

test("an address is tried when a change takes it, and not by its way back, by a boot or when the container starts", () => {
  const nothing = host("");
  const there = host(
    ', { name: eth1, kind: veth, elsewhere: 9, alias: "hostnet:lab/dev/it", addresses: [192.168.1.150/24] }',
  );
  const decide = () => ({ name: "web/eth1", have: kind.read("web/eth1", nothing), want });
  const made = operationOf(kind, around, "node1", want, false, decide, () => {});
  expect(made.plan(nothing).filter(({ precondition }) => precondition)).toHaveLength(1);
  expect(made.boot(there)?.follows).toBe("web");
  expect(made.boot(there)?.commands.filter(({ precondition }) => precondition)).toEqual([]);

  // To be let go and then put back is to take its address once more.
  const gone = operationOf(
    kind,
    around,
    "node1",
    want,
    true,
    () => ({ name: "web/eth1", have: kind.read("web/eth1", there), want: undefined }),
    () => {},
  );
  expect(gone.plan(there).length).toBeGreaterThan(0);
  const back = [gone.back(), gone.undo(nothing)];
  for (const commands of back) {
    expect(commands.some(({ argv }) => argv.includes("192.168.1.150/24"))).toBe(true);
    expect(commands.filter(({ precondition }) => precondition)).toEqual([]);
  }
});
