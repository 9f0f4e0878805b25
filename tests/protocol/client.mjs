// The stock JavaScript client against our server: `node client.mjs URL TRANSPORTS-AS-JSON` prints what it found.
import { io } from "socket.io-client";

const [url, given] = process.argv.slice(2);
const transports = JSON.parse(given) ?? undefined;
const connect = (path = "", options = {}) =>
  io(url + path, { forceNew: true, ...(transports ? { transports } : {}), reconnectionDelay: 50, ...options });
const once = (socket, event) => new Promise((done) => socket.once(event, (...got) => done(got)));
const found = {};

const socket = connect();
await once(socket, "connect");
while (!transports && socket.io.engine.transport.name !== "websocket") await new Promise((r) => setTimeout(r, 10));
found.transport = socket.io.engine.transport.name;
found.compresses = (socket.io.engine.transport.ws?.extensions ?? "").startsWith("permessage-deflate");
found.echo = await socket.emitWithAck("echo", { 珊瑚: ["🐠", { deep: [1, null] }] });
found.binary = [...(await socket.emitWithAck("echo", new Uint8Array([0, 255, 7])))];
socket.on("question", (text, answer) => answer(`42 ${text}`));
found.asked = await socket.emitWithAck("ask");

const other = connect("/other");
await once(other, "connect");
found.other = await other.emitWithAck("echo", "over there");
other.disconnect();

found.said = [];
socket.on("said", (n) => found.said.push(n));
for (let n = 0; n < 50; n++) await socket.emitWithAck("say", n);
await socket.emitWithAck("echo", "flushed");

const refused = connect("", { auth: { refuse: true } });
found.refused = (await once(refused, "connect_error"))[0].message;
refused.disconnect();

socket.emit("echo", "x".repeat(30_000));
found.tooBig = (await once(socket, "disconnect"))[0];
await once(socket, "connect");
found.back = (await socket.emitWithAck("echo", true)) === true;

socket.emit("leave");
found.left = (await once(socket, "disconnect"))[0];
console.log(JSON.stringify(found));
process.exit(0);
