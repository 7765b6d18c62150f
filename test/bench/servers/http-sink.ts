// Reads every body and answers: `node http-sink.ts PORT STATUS`. What node:http and the load can do by themselves.
import { createServer } from "node:http";

const [, , port, status] = process.argv;

createServer((request, response) => {
  request.resume();
  request.once("end", () => response.writeHead(Number(status), { "content-length": 0 }).end());
}).listen(Number(port), "127.0.0.1");
