// The health check of containers: status 0 if the process that runs here says on /readyz that it does its work, else 1 and what it says.
const { SKERRY_STATUS_HOST: host = "", SKERRY_STATUS_PORT: port = "8090" } = process.env;
const everywhere = ["", "0.0.0.0", "::"].includes(host);
const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;

try {
  const answer = await fetch(`http://${name}:${port}/readyz`, {
    signal: AbortSignal.timeout(4_000),
  });
  process.stdout.write(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  const why = error.cause?.message ?? error.message;
  process.stdout.write(`no answer from ${name}:${port}: ${why}\n`);
  process.exitCode = 1;
}
