// Stock aedes with its defaults: stores nothing, checks nothing. argv[2]: port.
import { createServer } from "node:net";
import { Aedes } from "aedes";

const broker = await Aedes.createBroker();
createServer((socket) => void broker.handle(socket)).listen(Number(process.argv[2]), "127.0.0.1");
