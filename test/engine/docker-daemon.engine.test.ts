import { daemonLife } from "../lab/daemon-life.ts";
import { noDocker } from "./docker.ts";
import { startLan } from "./lan.ts";

daemonLife("the Docker daemon of a host without systemd, its whole life", noDocker ? ` (${noDocker})` : "", () =>
  startLan({ node1: "ens33" }),
);
