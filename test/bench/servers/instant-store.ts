// An InfluxDB that takes everything at once and keeps nothing: `node instant-store.ts PORT`.
import { createServer } from "node:http";

createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    if (request.url?.startsWith("/write")) return void response.writeHead(204).end();
    response.writeHead(200, { "content-type": "application/json" }).end('{"results":[{}]}');
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
