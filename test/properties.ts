import fc from "fast-check";
import { runs } from "./seed.ts";

fc.configureGlobal({ numRuns: runs(100) });
