// Where the command line looks for the password of a nats-server.
export const PASSWORD_VARIABLE = "SKERRY_NATS_PASSWORD";
export const PASSWORD_FLAG = "--nats-password-file";
