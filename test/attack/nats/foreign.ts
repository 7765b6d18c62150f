// Subjects on which processes speak, ask and are answered. Pure.

/** Subjects that belong to others, whoever listens. */
export const FOREIGN = [
  ...["_INBOX.>", "_INBOX_hub.>", "_R_.>", "$JSC.R.>", "dlv.>", "push.>", "$JS.API.>", "$JS.ACK.>"],
  ...[
    "$JS.FC.>",
    "$JS.EVENT.>",
    "$JS.>",
    "$KV.>",
    "$SYS.>",
    "telemetry.>",
    "alerts.>",
    "commands.>",
  ],
  ...["rejects.>", "replies.>", "live.>", "replay.>", "audit.>", "setaside.>", "retry-setaside.>"],
  ...["deadletters.>", ">", "*.>", "*.*.*"],
];
