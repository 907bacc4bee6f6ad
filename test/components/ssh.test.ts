import { expect, test } from "vitest";
import { sshOptions, sshUrl } from "../../components/ssh.ts";

test.each([
  [{ address: "192.168.0.53" }, "ssh://192.168.0.53", []],
  [{ address: "node1.example.com", user: "ops", port: 2222 }, "ssh://ops@node1.example.com:2222", []],
  [{ address: "2001:db8::2", proxyJump: "bastion" }, "ssh://[2001:db8::2]", ["-J", "bastion"]],
  [{ address: "node1", sshConfig: "/etc/lab", identityFile: "/k" }, "ssh://node1", ["-F", "/etc/lab", "-i", "/k"]],
  [
    { address: "node1", hostKey: "ssh-ed25519 AAAA" },
    "ssh://node1",
    ["-o", "KnownHostsCommand=/bin/echo %H ssh-ed25519 AAAA"],
  ],
])("%j is reached by other packages as %s", (host, url, options) => {
  expect(sshUrl(host)).toBe(url);
  expect(sshOptions(host)).toEqual(options);
});
