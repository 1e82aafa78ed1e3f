// Nodemailer's smtp-server with a list of buffers. Arguments and reports are as in aiosmtpd_server.py.
const { createHash } = require("crypto");
const { readFileSync } = require("fs");
const { createInterface } = require("readline");
const { SMTPServer } = require("smtp-server");

const [port, certificates, account] = process.argv.slice(2);
const kept = [];
const options = {
    authOptional: !account,
    disabledCommands: certificates ? [] : ["STARTTLS", "AUTH"],
    disableReverseLookup: true,
    onAuth: (auth, session, done) =>
        `${auth.username}:${auth.password}` === account
            ? done(null, { user: auth.username })
            : done(new Error("wrong account")),
    onData: (stream, session, done) => {
        const chunks = [];
        stream.on("data", (chunk) => chunks.push(chunk));
        stream.on("end", () => {
            kept.push({ envelope: session.envelope, raw: Buffer.concat(chunks) });
            done();
        });
    },
};
if (certificates) {
    options.cert = readFileSync(`${certificates}/leaf.pem`);
    options.key = readFileSync(`${certificates}/leaf.key`);
}
const server = new SMTPServer(options);
server.on("error", () => {}); // a client that disconnected
server.listen(Number(port), "127.0.0.1");

const hash = (data) => createHash("sha256").update(data).digest("hex");
createInterface({ input: process.stdin })
    .on("line", () => {
        const digests = kept.map((message) => hash(message.raw)).sort();
        console.log(JSON.stringify({ count: kept.length, digest: hash(digests.join("")) }));
    })
    .on("close", () => process.exit(0));
