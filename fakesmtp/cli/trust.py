"""How to make clients trust the authority, each in its own way."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: `{file}` is the path of ca.pem, quoted for a shell; `{path}` is the bare path.
WAYS: Mapping[str, str] = {
    "python": """\
Python, in the code:
  context = ssl.create_default_context(cafile={literal})
  smtp.starttls(context=context)   # or smtplib.SMTP_SSL(..., context=context)
Python, for a whole process (nothing else is trusted then):
  export SSL_CERT_FILE={file}""",
    "java": """\
Java, a trust store of its own for Jakarta Mail (JavaMail):
  keytool -importcert -noprompt -alias fakesmtp -file {file} \\
      -keystore fakesmtp.p12 -storetype PKCS12 -storepass changeit
  java -Djavax.net.ssl.trustStore=fakesmtp.p12 \\
      -Djavax.net.ssl.trustStorePassword=changeit ...
  mail.smtp.ssl.checkserveridentity=true    # the name is checked, too
Import ca.pem only: Java ignores the limits of a certificate that it trusts,
so they are on intermediate.pem, which the server sends.""",
    "node": """\
Node.js, for a whole process (beside what it trusts already):
  export NODE_EXTRA_CA_CERTS={file}
Nodemailer, in the code:
  createTransport({{ ..., tls: {{ ca: fs.readFileSync({literal}) }} }})""",
    "php": """\
PHP, for a whole process (nothing else is trusted then):
  php -d openssl.cafile={file} ...
PHPMailer, in the code:
  $mail->SMTPOptions = ['ssl' => ['cafile' => {literal}]];""",
    "system": """\
Debian, Ubuntu:
  sudo cp {file} /usr/local/share/ca-certificates/fakesmtp.crt
  sudo update-ca-certificates
macOS:
  sudo security add-trusted-cert -d -r trustRoot \\
      -k /Library/Keychains/System.keychain {file}
Windows (as administrator):
  certutil -addstore -f Root "{path}"
The authority is limited to nhncloudservice.com, cloud.toast.com, localhost and
loopback addresses, in Java too (trust ca.pem only, never intermediate.pem).
A setting of one program is still safer than one of the whole system.""",
}


def explain(way: str, ca_file: Path) -> str:
    """Say how to trust the authority in the way of this name; raises KeyError."""
    path = str(ca_file)
    literal = "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return WAYS[way].format(file=shlex.quote(path), path=path, literal=literal)
