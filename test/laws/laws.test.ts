import { describe } from "vitest";
import { kinds as all } from "../../provider/kinds/index.ts";
import { full, seed, some } from "../seed.ts";
import { noNamespace, walks } from "./walking.ts";

// What only asks changes nothing.
const kinds = all.filter(({ found }) => !found);
const walking = some(kinds, kinds.length, "kinds that walk", 3);

if (!full)
  console.log(
    `${walking.length} of ${kinds.length} kinds, and a sample of the steps of each law; HOSTNET_SEED=${seed} repeats it`,
  );

describe.skipIf(noNamespace)(`on the kernel of this machine${noNamespace}`, () => {
  describe.each(walking.map((kind) => [kind.type, kind] as const))("%s", (_, kind) => walks(kind));
});
