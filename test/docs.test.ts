import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { components } from "../components/index.ts";
import { hostFields } from "../provider/host/settings.ts";
import { kinds } from "../provider/kinds/index.ts";
import { binFolder, repository } from "../setup/paths.ts";

const readme = readFileSync(join(repository, "README.md"), "utf8");
const pages = ["README.md", "docs", "examples", "lab"].flatMap((place) => markdown(join(repository, place)));

function markdown(place: string): string[] {
  if (place.endsWith(".md")) return [place];
  const entries = readdirSync(place, { recursive: true, encoding: "utf8" });
  return entries
    .filter((entry) => entry.endsWith(".md") && !entry.includes("node_modules"))
    .map((entry) => join(place, entry));
}

test("every program in the documentation is type-checked", () => {
  const folder = join(repository, "dist", "docs");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const programs = pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/```ts\n(import .*?)```/gs)].map(([, program = ""], i) => {
      const file = join(folder, `${relative(repository, page).replaceAll(/\W/g, "-")}-${i + 1}.ts`);
      writeFileSync(file, program);
      return file;
    }),
  );
  expect(programs.length).toBeGreaterThan(1);
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--types",
    "node",
  ];
  execFileSync(join(binFolder, "tsc"), [...options, ...programs], { cwd: folder, encoding: "utf8" });
});

test("the README names every setting of a host, every kind and every component", () => {
  for (const name of Object.keys(hostFields)) expect(readme).toContain(`\`${name}\``);
  for (const { type } of [...kinds, ...components]) expect(readme).toContain(`| \`${type}\` |`);
});

test("every file that the documentation links to is there", () => {
  for (const page of pages)
    for (const [, target = ""] of readFileSync(page, "utf8").matchAll(/\]\(([^)#:]+)\)/g))
      expect(
        () => execFileSync("ls", ["-d", join(page, "..", target)], { stdio: "pipe" }),
        `${page}: ${target}`,
      ).not.toThrow();
});
