import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Shell } from "../../provider/host/shell.ts";
import { failing } from "../../provider/host/tries.ts";
import { which } from "../../setup/run.ts";
import { noTicking, TickingHost } from "./ticking.ts";

// One page is there, all others are not; IPv4 and IPv6.
const server = `
const answer = (request, response) => response.writeHead(request.url === "/there" ? 200 : 503).end();
const listening = () => require("node:fs").writeFileSync("/run/listening", "");
require("node:http").createServer(answer).listen(8080, "::", listening);
`;

const lacking = noTicking ?? (which("ping") ? undefined : "this machine has no ping");

describe.skipIf(lacking)(`a probe${lacking ? ` (skipped: ${lacking})` : ""}`, () => {
  let host: TickingHost;
  let shell: Shell;

  beforeAll(async () => {
    host = await TickingHost.start();
    await host.run(`ip address add 10.0.0.1/24 dev lo; ip address add fd00::1/64 dev lo nodad`);
    shell = await host.login();
    // It ends with its shell.
    const serving = await host.login();
    serving.run([{ command: { argv: [process.execPath, "-e", server] } }], { deadlineSeconds: 600 }).catch(() => {});
    await vi.waitFor(() => host.run("[ -e /run/listening ]"), { timeout: 10_000 });
  });
  afterAll(() => host.stop());

  /** Puts a tool on the host that does this; the tools that were there stay. */
  const put = (path: string, text: string) =>
    host.run(`mkdir -p "$(dirname ${path})"; cat >${path} <<'TOOL'\n#!/bin/sh\n${text}\nTOOL\nchmod +x ${path}`);

  /** A login that finds these tools only. */
  async function having(...tools: string[]): Promise<Shell> {
    const poor = await host.login();
    const folder = `/run/with-${tools.join("-")}`;
    await host.run(`mkdir ${folder}; for tool in ${tools.join(" ")}; do ln -s "$(command -v $tool)" ${folder}; done`);
    await poor.run([{ command: { argv: ["true"] }, inShell: `PATH=${folder}` }]);
    return poor;
  }

  const here = [
    "ping 10.0.0.1",
    "ping fd00::1",
    "tcp 10.0.0.1:8080",
    "tcp [fd00::1]:8080",
    "tcp localhost:8080",
    "http http://10.0.0.1:8080/there",
    "http http://[fd00::1]:8080/there",
  ];

  test("passes where there is an answer", async () => {
    expect(await failing(shell, here)).toEqual([]);
    expect(await failing(shell, [])).toEqual([]);
  });

  test("fails where there is none, and says why; those beside it are not concerned", async () => {
    const failed = [
      { probe: "ping 192.0.2.1", said: expect.stringContaining("unreachable") },
      { probe: "tcp 10.0.0.1:8081", said: expect.stringContaining("refused") },
      { probe: "tcp [fd00::1]:8081", said: expect.stringContaining("refused") },
      { probe: "tcp there-is-no.invalid:22", said: expect.stringMatching(/there-is-no\.invalid/) },
      { probe: "http http://10.0.0.1:8080/gone", said: expect.stringContaining("503") },
    ];
    expect(await failing(shell, [here[0] ?? "", ...failed.map(({ probe }) => probe), here[2] ?? ""])).toEqual(failed);
  });

  test.each([
    ["curl", "wget"],
    ["wget", "curl"],
  ])("asks for a page by %s where there is no %s", async (tool) => {
    const poor = await having("sh", tool);
    expect(
      await failing(
        poor,
        here.filter((probe) => probe.startsWith("http")),
      ),
    ).toEqual([]);
    const [failed] = await failing(poor, ["http http://10.0.0.1:8080/gone"]);
    expect(failed).toMatchObject({ probe: "http http://10.0.0.1:8080/gone" });
    poor.close();
  });

  test("of a port goes by nc where there is one", async () => {
    await put("/usr/local/sbin/nc", 'echo "$@" >>/run/nc; exit 0');
    const tcp = ["tcp 10.0.0.1:9", "tcp [fd00::1]:9"];
    expect(await failing(shell, tcp)).toEqual([]);
    expect(await host.run("sort /run/nc; rm /usr/local/sbin/nc")).toBe("-z 10.0.0.1 9\n-z fd00::1 9\n");
  });

  test("says which tool is missing where none is there", async () => {
    const poor = await having("sh");
    expect(await failing(poor, ["ping 10.0.0.1", "tcp 10.0.0.1:8080", "http http://10.0.0.1:8080/there"])).toEqual([
      { probe: "ping 10.0.0.1", said: expect.stringMatching(/ping.*not found/) },
      { probe: "tcp 10.0.0.1:8080", said: "there is no nc and no bash" },
      { probe: "http http://10.0.0.1:8080/there", said: "there is no curl and no wget" },
    ]);
    poor.close();
  });

  test("that has no answer in time says so", async () => {
    await put("/usr/local/sbin/timeout", "exit 124");
    const failed = await failing(shell, ["tcp 10.0.0.1:8080"]);
    await host.run("rm /usr/local/sbin/timeout");
    expect(failed).toEqual([{ probe: "tcp 10.0.0.1:8080", said: "no answer within 3 s" }]);
  });

  test("is tried three times, and passes when the third does: the first packet of a new way may be lost", async () => {
    await put("/usr/local/sbin/ping", "echo >>/run/pings; [ $(wc -l </run/pings) -ge 3 ]");
    expect(await failing(shell, ["ping 10.0.0.1"])).toEqual([]);
    await host.run("rm /run/pings");
    await put("/usr/local/sbin/ping", "echo >>/run/pings; exit 1");
    expect(await failing(shell, ["ping 10.0.0.1"])).toEqual([{ probe: "ping 10.0.0.1", said: "exit 1" }]);
    expect(await host.run("wc -l </run/pings; rm /usr/local/sbin/ping /run/pings")).toBe("3\n");
  });

  test("is never a command: what it names is quoted", async () => {
    const bad = ["$(touch", "/run/bad)"];
    const probes = ["ping ", "tcp ", "http http://'\"", "http http://`x`"].map(
      (begin) => `${begin}${bad.join("\t")}:22`,
    );
    expect(await failing(shell, probes)).toHaveLength(4);
    expect(await host.run("ls /run/bad 2>&1 || true")).toContain("No such file");
  });
});
