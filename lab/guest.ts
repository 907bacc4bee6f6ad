/** A running host as the supervisor sees it, whatever its kind. */
export interface Guest {
  readonly running: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Power loss and a new start: files stay, everything else is as after a boot. */
  reset(): Promise<void>;
  /** Plugs the management NIC in or out. */
  management(up: boolean): Promise<void>;
}
