// Opens Mailpit's event socket with the library `ws` and HTTP Basic. Prints each event on a line of
// its own, until it is ended. Arguments: the URL, and the value of `Authorization`.
"use strict";

const WebSocket = require("ws");

const [url, authorization] = process.argv.slice(2);
const socket = new WebSocket(url, { headers: { Authorization: authorization } });
socket.on("message", (data) => console.log(data.toString()));
socket.on("unexpected-response", (_request, response) => console.log(response.statusCode));
