// Sends one message with Nodemailer. Reads JSON from stdin: `transport`, the options of
// createTransport, and `mail`, the options of sendMail (its `raw` is Base64). Prints JSON: the bytes
// that Nodemailer sent (`sent`, Base64), or its `error`.
"use strict";

const { Transform } = require("node:stream");
const { json } = require("node:stream/consumers");
const nodemailer = require("nodemailer");

function recorder(chunks) {
  return new Transform({
    transform(chunk, _encoding, done) {
      chunks.push(chunk);
      done(null, chunk);
    },
  });
}

async function send({ transport, mail }) {
  const chunks = [];
  const transporter = nodemailer.createTransport(transport);
  transporter.use("stream", ({ message }, done) => {
    message.transform(() => recorder(chunks));
    done();
  });
  if (mail.raw !== undefined) mail.raw = Buffer.from(mail.raw, "base64");
  await transporter.sendMail(mail);
  return { sent: Buffer.concat(chunks).toString("base64") };
}

json(process.stdin)
  .then(send)
  .catch(({ code, responseCode, message }) => ({ error: { code, responseCode, message } }))
  .then((result) => console.log(JSON.stringify(result)));
