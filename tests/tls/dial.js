// Trusts one certificate and tells of each NAME PORT whether it accepts it.
const fs = require("fs");
const net = require("net");
const tls = require("tls");

const [file, ...places] = process.argv.slice(2);

function dial(name, port) {
  return new Promise((resolve) => {
    const options = {
      host: "127.0.0.1",
      port,
      ca: fs.readFileSync(file),
      servername: net.isIP(name) ? "" : name,
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    };
    const socket = tls.connect(options, () => {
      socket.destroy();
      resolve("accepted");
    });
    socket.on("error", (error) => resolve(`refused, ${error.message}`));
  });
}

(async () => {
  for (let i = 0; i < places.length; i += 2) {
    console.log(`${places[i]}: ${await dial(places[i], Number(places[i + 1]))}`);
  }
})();
