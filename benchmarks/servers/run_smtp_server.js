// Nodemailer's smtp-server with a list of buffers. Arguments as for run_fakesmtp.py.
// Reports like control.py.
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { SMTPServer } = require("smtp-server");

const [port, ...rest] = process.argv.slice(2);
const given = {};
for (let i = 0; i < rest.length; i += 2) given[rest[i].slice(2)] = rest[i + 1];

const hash = (data) => crypto.createHash("sha256").update(data).digest("hex");
const mails = [];

const options = {
    authOptional: !given.account,
    disabledCommands: [given.certificates ? "" : "STARTTLS", given.account ? "" : "AUTH"],
    disableReverseLookup: true,
    maxClients: 100000,
    size: 64 * 1024 * 1024,
    onAuth: (auth, session, done) =>
        `${auth.username}:${auth.password}` === given.account
            ? done(null, { user: auth.username })
            : done(new Error("wrong keys")),
    onData: (stream, session, done) => {
        const chunks = [];
        stream.on("data", (chunk) => chunks.push(chunk));
        stream.on("end", () => {
            mails.push({ envelope: session.envelope, raw: Buffer.concat(chunks) });
            done();
        });
    },
};
if (given.certificates) {
    options.cert = fs.readFileSync(path.join(given.certificates, "leaf.pem"));
    options.key = fs.readFileSync(path.join(given.certificates, "leaf.key"));
}
const server = new SMTPServer(options);
server.on("error", () => {});
server.listen(Number(port), "127.0.0.1");

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
    if (line !== "report") return;
    const hashes = mails.map((mail) => hash(mail.raw)).sort();
    console.log(JSON.stringify({ count: mails.length, digest: hash(hashes.join("")) }));
});
lines.on("close", () => process.exit(0));
