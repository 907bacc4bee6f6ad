import { describe, expect, test } from "vitest";
import { Failure, type FailureKind } from "../../provider/errors.ts";
import type { Operation, Outcome } from "../../provider/host/operation.ts";
import { transact } from "../../provider/host/transaction.ts";
import { Host, operation } from "./scripted.ts";

const guarding = { seconds: 2, patience: 60, probes: [], proof: "login" } as const;
const run = async (host: Host, ...operations: Operation[]) =>
  transact("node1", host.line(), operations, await host.look(), guarding);

/** What became of an operation, as `kind: message`, or `done`. */
const said = (outcome: Outcome | undefined): string => {
  if (!outcome) return "nothing";
  return "failure" in outcome ? `${outcome.failure.kind}: ${outcome.failure.message}` : "done";
};

const kindOf = (outcome: Outcome | undefined): FailureKind | undefined =>
  outcome && "failure" in outcome ? outcome.failure.kind : undefined;

describe("a group that goes well", () => {
  test("runs as one script in the order of what stands on what, and is answered in the order of the calls", async () => {
    const host = new Host("nic");
    const outcomes = await run(host, operation("net", ["vlan"]), operation("vlan", ["nic"]));
    expect(outcomes.map(said)).toEqual(["done", "done"]);
    expect(host.ran).toEqual(["link add vlan", "link up vlan", "link add net", "link up net"]);
    expect(host.looks).toBe(2);
    const [first] = outcomes;
    expect(first && "facts" in first && first.facts.links.map((l) => l.name)).toEqual(["nic", "vlan", "net"]);
  });

  test("runs nothing and looks no second time when all is as wanted", async () => {
    const host = new Host("nic", "vlan");
    expect((await run(host, operation("vlan", ["nic"]))).map(said)).toEqual(["done"]);
    expect(host.ran).toEqual([]);
    expect(host.looks).toBe(1);
  });

  test("removes what stands on a thing before the thing", async () => {
    const host = new Host("nic", "vlan", "net");
    const removes = { removes: true };
    const outcomes = await run(host, operation("vlan", ["nic"], removes), operation("net", ["vlan"], removes));
    expect(outcomes.map(said)).toEqual(["done", "done"]);
    expect(host.ran).toEqual(["link remove net", "link remove vlan"]);
  });

  test("tells what goes on", async () => {
    const host = new Host();
    const told: string[] = [];
    await run(host, operation("a", [], { progress: (text) => told.push(text) }));
    expect(told).toEqual(["applying 0 of 2"]);
  });
});

describe("a step that fails", () => {
  test("takes back what its own operation did, and leaves the neighbours' alone", async () => {
    const host = new Host("nic");
    host.fails = ["link up bad"];
    const [good, bad, late] = await run(host, operation("good", ["nic"]), operation("bad", ["nic"]), operation("late"));
    expect([good, late].map(said)).toEqual(["done", "done"]);
    expect(said(bad)).toBe(
      "undone: Link bad on node1: link up bad exited 1: link up bad: no; what it had changed is undone",
    );
    expect([...host.links.keys()]).toEqual(["nic", "good", "late"]);
  });

  test("keeps what stands on it from being tried", async () => {
    const host = new Host("nic");
    host.fails = ["link add vlan"];
    const [net, vlan] = await run(host, operation("net", ["vlan"]), operation("vlan", ["nic"]));
    expect(kindOf(vlan)).toBe("undone");
    expect(said(net)).toBe("undone: Link net on node1: not attempted, because Link vlan failed");
    expect(host.ran).toEqual(["link add vlan"]);
    expect([...host.links.keys()]).toEqual(["nic"]);
  });

  test("leaves what it stands on", async () => {
    const host = new Host("nic");
    host.fails = ["link add net"];
    const [net, vlan] = await run(host, operation("net", ["vlan"]), operation("vlan", ["nic"]));
    expect([kindOf(net), said(vlan)]).toEqual(["undone", "done"]);
    expect([...host.links.keys()]).toEqual(["nic", "vlan"]);
  });

  test("keeps the lower from being removed when the upper could not be", async () => {
    const host = new Host("nic", "vlan", "net");
    host.fails = ["link remove net"];
    const removes = { removes: true };
    const [vlan, net] = await run(host, operation("vlan", ["nic"], removes), operation("net", ["vlan"], removes));
    expect(kindOf(net)).toBe("undone");
    expect(said(vlan)).toBe("undone: Link vlan on node1: not attempted, because Link net failed");
    expect([...host.links.keys()]).toEqual(["nic", "vlan", "net"]);
  });

  test("is quoted with what the command said, or that it said nothing", async () => {
    const host = new Host();
    const silent = operation("a", [], { plan: () => [{ argv: ["link", "add", "a"] }], verify: () => undefined });
    host.fails = ["link add a"];
    expect(said((await run(host, silent))[0])).toContain("link add a exited 1: link add a: no");
  });

  test("takes the group's later look as the truth: commands that succeed in vain are undone too", async () => {
    const host = new Host();
    const vain = operation("a", [], { verify: () => "mtu is 1500, not 9000" });
    expect(said((await run(host, vain))[0])).toBe(
      "undone: Link a on node1: every command succeeded, but mtu is 1500, not 9000; what it had changed is undone",
    );
    expect([...host.links.keys()]).toEqual([]);
  });

  test("takes what was built on a thing that came out wrong back too, the upper first", async () => {
    const host = new Host();
    const wrong = operation("vlan", [], { verify: () => "it is not as asked" });
    const [vlan, net] = await run(host, wrong, operation("net", ["vlan"]));
    expect(said(vlan)).toContain("every command succeeded, but it is not as asked; what it had changed is undone");
    expect(said(net)).toBe(
      "undone: Link net on node1: undone, because Link vlan failed; what it had changed is undone",
    );
    expect(host.ran.slice(-2)).toEqual(["link remove net", "link remove vlan"]);
  });
});

describe("an operation that the host does not allow", () => {
  test("is refused before anything of it is touched, naming what is missing and what is there; others go on", async () => {
    const host = new Host("lo", "ens33");
    const [vlan, other] = await run(host, operation("vlan", ["ens32"]), operation("other", ["ens33"]));
    expect(said(vlan)).toBe(
      "refused: Link vlan on node1: node1 has no link ens32: it has ens33 and lo; did you mean ens33?",
    );
    expect(said(other)).toBe("done");
    expect(host.ran).toEqual(["link add other", "link up other"]);
  });

  test("is refused by its own plan, and what stands on it is not attempted", async () => {
    const host = new Host();
    const plan = () => {
      throw new Failure("refused", "Link a on node1: mtu must be at most 1500, got 9000");
    };
    const [a, b] = await run(host, operation("a", [], { plan }), operation("b", ["a"]));
    expect(said(a)).toBe("refused: Link a on node1: mtu must be at most 1500, got 9000");
    expect(said(b)).toBe("undone: Link b on node1: not attempted, because Link a failed");
    expect(host.ran).toEqual([]);
  });

  test("fails by a mistake of our own with its stack, for itself alone", async () => {
    const host = new Host();
    const plan = () => {
      throw new TypeError("cannot read properties of undefined");
    };
    const [a, b] = await run(host, operation("a", [], { plan }), operation("b"));
    expect(said(a)).toMatch(/^unreadable: TypeError: cannot read properties of undefined\n\s+at /);
    expect(said(b)).toBe("done");
  });

  test("may be removed although what it stood on is gone already", async () => {
    const host = new Host("vlan");
    expect((await run(host, operation("vlan", ["nic"], { removes: true }))).map(said)).toEqual(["done"]);
  });
});

describe("a connection that is lost in the middle", () => {
  test("is judged when the script has ended on the host: it goes on without its connection", async () => {
    const host = new Host();
    host.loses = "link add a";
    expect((await run(host, operation("a"), operation("b"))).map(said)).toEqual(["done", "done"]);
    expect(host.ran).toEqual(["link add a", "link up a", "link add b", "link up b"]);
  });

  test("leaves what came to its end, and takes back what did not", async () => {
    const host = new Host();
    host.loses = "link add a";
    host.fails = ["link up b"];
    const [a, b, c] = await run(host, operation("a"), operation("b"), operation("c"));
    expect([said(a), said(c)]).toEqual(["done", "done"]);
    expect(said(b)).toBe(
      "undone: Link b on node1: the connection was lost while commands ran: it is not up; what it had changed is undone",
    );
    expect([...host.links.keys()]).toEqual(["a", "c"]);
  });

  test("is no failure when all had been done", async () => {
    const host = new Host();
    host.loses = "link up a";
    expect((await run(host, operation("a"))).map(said)).toEqual(["done"]);
  });
});

describe("a change of the way of SSH", () => {
  test("is kept when a new connection can be made", async () => {
    const host = new Host("nic");
    expect((await run(host, operation("wall"))).map(said)).toEqual(["done"]);
    expect(host.guard).toBe("none");
    expect([...host.links.keys()]).toEqual(["nic", "wall"]);
  });

  test("is left to the host to undo when none can: all of the group, and it says what had changed", async () => {
    const host = new Host("nic");
    host.dialable = false;
    const [wall, other] = await run(host, operation("wall"), operation("other"));
    expect(said(wall)).toBe(
      "undone: Link wall on node1: undone by node1 itself, which is as it was before: after the firewall, the VLANs of bridges, " +
        "or sysctls on the way changed, no new connection could be made: node1: no route to host",
    );
    expect(kindOf(other)).toBe("undone");
    expect([...host.links.keys()]).toEqual(["nic"]);
  });

  test("needs no proof where nothing on the way has changed", async () => {
    const host = new Host("nic");
    host.dialable = false;
    expect((await run(host, operation("a"))).map(said)).toEqual(["done"]);
  });
});

test("a host that cannot be guarded is not touched", async () => {
  const host = new Host("nic");
  host.guardable = false;
  const [a] = await run(host, operation("a"));
  expect(said(a)).toBe("refused: Link a on node1: not attempted, because it could not be guarded: no init");
  expect(host.ran).toEqual([]);
});

test("a look that cannot be read after the change leaves the host unknown: what is there must not be lost to the state", async () => {
  const host = new Host();
  const garble = () => {
    host.garbled = true;
  };
  const failure = await run(host, operation("a", [], { progress: garble })).catch((e: Failure) => e);
  expect(failure).toMatchObject({ kind: "lost", code: "UNKNOWN" });
  expect((failure as Failure).message).toContain(
    "what became of the change of node1 is not known: node1: cannot read what `ip` printed",
  );
  expect(host.guard).toBe("fired");
});

describe("an undo that fails", () => {
  test("says what is left, and the commands that put it back", async () => {
    const host = new Host();
    host.fails = ["link up a", "link remove a"];
    const [a, b] = await run(host, operation("a"), operation("b"));
    expect(said(a)).toBe(
      "undoFailed: Link a on node1: link up a exited 1: link up a: no; and it could not be undone (link remove a: no). `hostnet recover node1`, or by hand: link remove a",
    );
    expect(said(b)).toBe("done");
    expect([...host.links.keys()]).toEqual(["a", "b"]);
  });

  test("does not keep the other undos from being done", async () => {
    const host = new Host();
    host.fails = ["link up a", "link remove a", "link up b"];
    const outcomes = await run(host, operation("a"), operation("b"));
    expect(outcomes.map(kindOf)).toEqual(["undoFailed", "undone"]);
    expect([...host.links.keys()]).toEqual(["a"]);
  });

  test("is made up for by the host when the connection is lost meanwhile", async () => {
    const host = new Host();
    host.fails = ["link up a"];
    host.loses = "link remove a";
    const [a] = await run(host, operation("a"));
    expect(said(a)).toContain("undone: Link a on node1: link up a exited 1: link up a: no: undone by node1 itself");
    expect([...host.links.keys()]).toEqual([]);
  });
});
