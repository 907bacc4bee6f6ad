import { spawn } from "node:child_process";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import { answering, anyAnswering } from "../../provider/host/reach.ts";

let server: Server;
let open = 0;
beforeAll(
  () =>
    new Promise<void>((resolve) => {
      server = createServer((socket) => socket.end()).listen(0, "127.0.0.1", () => {
        open = (server.address() as { port: number }).port;
        resolve();
      });
    }),
);
afterAll(() => server.close());

const run = ({ argv: [program = "", ...words] }: Command) =>
  new Promise<{ status: number | null; stderr: string }>((resolve) => {
    const child = spawn(program, words, { stdio: ["ignore", "inherit", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += String(text);
    });
    child.on("close", (status) => resolve({ status, stderr: stderr.trim() }));
  });

// Nobody listens at the first ports: they are the kernel's to refuse.
test("all ports of an address must answer, and those that do not are named", async () => {
  expect(await run(answering("127.0.0.1", open))).toEqual({ status: 0, stderr: "" });
  expect(await run(answering("127.0.0.1", 1, open, 2))).toEqual({
    ...{ status: 1, stderr: "127.0.0.1 does not answer at 1/tcp 2/tcp" },
  });
});

test("of several places one must answer, by address or by name", async () => {
  expect(await run(anyAnswering(["127.0.0.1:1", `localhost:${open}`]))).toEqual({ status: 0, stderr: "" });
  expect(await run(anyAnswering(["127.0.0.1:1", "[::1]:1"]))).toEqual({
    ...{ status: 1, stderr: "none answers of 127.0.0.1:1 [::1]:1" },
  });
});
