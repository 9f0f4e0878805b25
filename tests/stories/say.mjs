// A stock socket.io-client: joins, says one thing, prints the acknowledgement and the outcome as JSON.
import { io } from "socket.io-client";

const [url, broadcast, text] = process.argv.slice(2);
const socket = io(url, { reconnection: false });
const outcome = new Promise((resolve) => socket.once("outcome", resolve));
const fail = (error) => { console.error(error.message ?? error); process.exit(1); };

socket.on("connect_error", fail);
socket.on("connect", async () => {
  const joined = await socket.timeout(10_000).emitWithAck("join", { broadcast });
  if (!joined.ok) fail(joined.error);
  const accepted = await socket.timeout(10_000).emitWithAck("comment", { once: `js-${Date.now()}`, text, nick: "Bo" });
  if (!accepted.ok) fail(accepted.error);
  console.log(JSON.stringify({ accepted, outcome: await outcome }));
  socket.close();
});
