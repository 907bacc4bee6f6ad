import { expect, test } from "vitest";
import { again } from "../../provider/host/boot/again.ts";
import { unit } from "../../provider/host/boot/runner.ts";

/** The values of a setting in a unit, or in a text that holds one. */
const of = (setting: string, text: string) =>
  [...text.matchAll(new RegExp(`^${setting}=(.*)$`, "gm"))].map(([, v]) => v);

test.each([
  ["boot", unit, "120"],
  ["start of Docker or of a firewall", again.replaceAll("\\n", "\n"), "400"],
])("no %s waits for more than so many seconds, or fails because a file does", (_, text, seconds) => {
  expect(of("TimeoutStartSec", text)).toEqual([seconds]);
  // Wanted only: what is required takes along what asks for it when it fails.
  expect(of("WantedBy", text)).not.toEqual([]);
  for (const tie of ["RequiredBy", "Requires", "Requisite", "BindsTo", "UpheldBy", "OnFailure"])
    expect(of(tie, text), tie).toEqual([]);
});

test("the boot's unit comes after the renderers and before Docker, and SSH does not wait for it", () => {
  const [before, after] = ["Before", "After"].map((setting) => of(setting, unit).join(" ").split(" "));
  expect(before).toEqual(["network-online.target", "docker.service"]);
  expect(after).toEqual([
    ...["systemd-networkd.service", "NetworkManager.service", "networking.service"],
    // It makes its bridges from its database.
    ...["openvswitch-switch.service", "openvswitch.service", "ovs-vswitchd.service"],
  ]);
});
