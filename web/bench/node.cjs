// A peer to measure beside: Socket.IO on Node as it comes. `node node.cjs PORT TICK-MS FOLDER-WITH-SOCKET.IO`
const [port, tick, folder] = process.argv.slice(2);
const { Server } = require(require.resolve("socket.io", { paths: [folder] }));
const http = require("http").createServer();
const io = new Server(http, { serveClient: false, cors: { origin: "*" } });
let waiting = [];
io.on("connection", (socket) => {
  socket.on("c", (comment) => (Number(tick) ? waiting.push(comment) : io.emit("c", comment)));
});
if (Number(tick)) {
  setInterval(() => {
    if (waiting.length) io.emit("c", waiting.splice(0));
  }, Number(tick));
}
http.listen({ port: Number(port), host: "127.0.0.1", backlog: 2048 });
