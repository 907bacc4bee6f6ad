// Stands in the place of ssh, runs the real one, and keeps a line for each exchange in a file. Its arguments: the file,
// the real ssh, and what ssh is given.
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

const [file = "", ssh = "", ...words] = process.argv.slice(2);
const child = spawn(ssh, words, { stdio: ["pipe", "pipe", "pipe"] });

// A script is sent whole, and the next is not sent before it is answered: each change of direction begins an exchange.
let asked = false;
process.stdin.on("data", (part: Buffer) => {
  if (!asked) appendFileSync(file, `${process.pid}\n`);
  asked = true;
  child.stdin.write(part);
});
process.stdin.on("end", () => child.stdin.end());
child.stdin.on("error", () => {}); // ssh has ended, which its exit tells.
for (const stream of ["stdout", "stderr"] as const)
  child[stream].on("data", (part: Buffer) => {
    asked = false;
    process[stream].write(part);
  });
child.on("close", (code) => process.exit(code ?? 255));
