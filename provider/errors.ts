/** Everything that can go wrong, and what a caller may do about it. Callers switch on `kind`, never on message text. */
const policies = {
  /** An input that cannot be right anywhere. Nothing was touched. */
  invalid: { code: "INVALID_ARGUMENT", retry: false },
  /** The host as it is does not allow the change. Nothing was touched. */
  refused: { code: "FAILED_PRECONDITION", retry: false },
  /** A tool the host needs is not installed. Nothing was touched. */
  missingTool: { code: "FAILED_PRECONDITION", retry: false },
  /** The host does not answer. Nothing was touched. */
  unreachable: { code: "UNAVAILABLE", retry: true },
  /** The host answers, but will not let us in: its host key is wrong, our key is refused, or sudo needs a password. */
  denied: { code: "FAILED_PRECONDITION", retry: false },
  /** A command failed, and what the operation had changed was undone. */
  undone: { code: "ABORTED", retry: false },
  /** A command failed, and so did the undo: the host is in between. */
  undoFailed: { code: "UNKNOWN", retry: false },
  /** The run was cancelled before this began. Nothing was touched. */
  cancelled: { code: "CANCELLED", retry: true },
  /** The connection was lost while commands ran: what the host did is not known until it is looked at again. */
  lost: { code: "UNKNOWN", retry: true },
  /** A host's tool answered something that we cannot read. */
  unreadable: { code: "FAILED_PRECONDITION", retry: false },
} as const satisfies Record<string, { code: string; retry: boolean }>;

export type FailureKind = keyof typeof policies;

/** A failure with a message for the user: it names the thing, the host, the command and the reason. */
export class Failure extends Error {
  readonly kind: FailureKind;
  /** The resource as far as it came, when something of it may be on the host. */
  reached?: { readonly id: string; readonly state: Readonly<Record<string, unknown>> };

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.name = "Failure";
    this.kind = kind;
  }

  /** The name of the gRPC status that tells the engine whether the state is known. */
  get code() {
    return policies[this.kind].code;
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retry() {
    return policies[this.kind].retry;
  }
}
