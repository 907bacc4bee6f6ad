import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { waitScript } from "../../provider/host/boot/wait.ts";
import { quote } from "../../provider/host/command.ts";
import { bridge, keep, letGo } from "./fragments.ts";
import { islands, onIsland } from "./island.ts";

const shells = [["dash"], ["busybox", "sh"]].filter(
  ([name = "", ...words]) => spawnSync(name, [...words, "-c", ":"]).status === 0,
);

describe.skipIf(!islands || shells.length === 0)("hostnet-wait", () => {
  const laid = `printf %s ${quote(waitScript)} >/run/wait\nmount -t sysfs sys /sys\n`;
  const wait = (shell: readonly string[], words: string) => `${shell.join(" ")} /run/wait ${words}`;
  const cable =
    "(sleep 0.5; ip link add name eth1 type veth peer name far1; ip link set dev far1 up; sleep 0.5; ip link set dev eth1 mode dormant up; sleep 0.7; ip link set dev eth1 down mode default; echo now; ip link set dev eth1 up) &\n";

  describe.each(shells.map((shell) => [shell.join(" "), shell] as const))("in %s", (_, shell) => {
    test("runs its command when the interface is there, up and not dormant any more, with all its words", () => {
      const out = onIsland(
        `${laid}${cable}HOSTNET_WAIT_SECONDS=9 HOSTNET_WAIT=eth1 ${wait(shell, `printf '%s|' a 'b  c' --`)}; echo " $?"; wait`,
      );
      expect(out).toBe("now\na|b  c|--| 0\n");
    });

    test("waits for several, named before the command, and takes one whose carrier nobody knows for up", () => {
      const both = `${cable}ip link set dev lo down; (sleep 0.3; ip link set dev lo up) &\n`;
      expect(onIsland(`${laid}${both}HOSTNET_WAIT_SECONDS=9 ${wait(shell, "lo eth1 -- echo done -- x")}; wait`)).toBe(
        "now\ndone -- x\n",
      );
    });

    test("gives up after its time, names what is missing, and does not run the command", () => {
      const out = onIsland(`${laid}HOSTNET_WAIT="lo eth7" HOSTNET_WAIT_SECONDS=1 ${wait(shell, "echo ran")}; echo $?`);
      expect(out).toBe("hostnet-wait: after 1 s not there or not up: eth7\n1\n");
    });

    test("ends when it is told to", () => {
      const out = onIsland(
        `${laid}HOSTNET_WAIT=eth7 ${wait(shell, "echo ran")} & sleep 0.5; kill $!; wait $!; echo $?`,
      );
      expect(out).toBe("143\n");
    });

    test("says how it is used", () => {
      const out = onIsland(`${laid}${wait(shell, "eth1")}; echo $?; HOSTNET_WAIT=eth1 ${wait(shell, "")}; echo $?`);
      expect(out.match(/say HOSTNET_WAIT and a command.*\n2$/gm)).toHaveLength(2);
    });
  });

  test("lies on the host as long as anything is kept there, for anybody to run, also where Docker has made a folder of it", () => {
    const told = "stat -c '%A %n' /etc/hostnet/hostnet-wait; ls /etc/hostnet\n";
    const out = onIsland(`mkdir -p /etc/hostnet/hostnet-wait\n${keep(bridge("a"))}${told}${letGo("a")}ls /etc`);
    expect(out).toBe("-rwxr-xr-x /etc/hostnet/hostnet-wait\nboot\nboot.d\nhostnet-wait\n");
  });
});
