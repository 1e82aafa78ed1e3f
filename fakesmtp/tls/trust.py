"""Instructions that make clients trust the CA."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: `{file}` is the path of ca.pem, quoted for a shell; `{path}` is the bare path; `{literal}` and
#: `{quoted}` are texts of programs, in single and in double quotes.
WAYS: Mapping[str, str] = {
    "python": """\
Python, in the code:
  context = ssl.create_default_context(cafile={literal})
  smtp.starttls(context=context)   # or smtplib.SMTP_SSL(..., context=context)
Python, for a whole process (it then trusts no other CA):
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
Node.js, for a whole process (in addition to the CAs it trusts):
  export NODE_EXTRA_CA_CERTS={file}
Nodemailer, in the code:
  createTransport({{ ..., tls: {{ ca: fs.readFileSync({literal}) }} }})""",
    "php": """\
PHP, Laravel, for a whole process (it then trusts no other CA):
  php -d openssl.cafile={file} ...
PHPMailer, in the code:
  $mail->SMTPOptions = ['ssl' => ['cafile' => {literal}]];
Symfony Mailer, in the code:
  $transport->getStream()->setStreamOptions(
      ['ssl' => ['cafile' => {literal}]]);
SwiftMailer, in the code:
  $transport->setStreamOptions(['ssl' => ['cafile' => {literal}]]);
In a DSN write the # of the user name as %23: smtp://AppKey%23auth:...""",
    "go": """Go, in the code:
  pem, err := os.ReadFile({quoted})
  pool := x509.NewCertPool()
  pool.AppendCertsFromPEM(pem)
  config := &tls.Config{{RootCAs: pool, ServerName: "localhost"}}
  err = client.StartTLS(config)   // or tls.Dial("tcp", address, config)
Go, for a whole process, on Linux (it then trusts no other CA):
  export SSL_CERT_FILE={file}""",
    "ruby": """Ruby, Net::SMTP, in the code:
  context = OpenSSL::SSL::SSLContext.new
  context.set_params(ca_file: {literal})
  smtp.enable_starttls(context)   # or smtp.enable_tls(context)
Ruby, the gem mail, and Rails in smtp_settings:
  ca_file: {literal}, openssl_verify_mode: 'peer',
  enable_starttls: true   # or tls: true
Ruby, for a whole process (it then trusts no other CA):
  export SSL_CERT_FILE={file}""",
    "perl": """Perl, Net::SMTP with IO::Socket::SSL, in the code:
  $smtp->starttls(SSL_ca_file => {literal});
  Net::SMTP->new($host, SSL => 1, SSL_ca_file => {literal}, ...);
Perl, Email::Sender::Transport::SMTP, in the code:
  ssl => 'starttls',   # or 'ssl'
  ssl_options => {{ SSL_ca_file => {literal} }},""",
    "dotnet": """.NET, for a whole process, on Linux (it then trusts no other CA):
  export SSL_CERT_FILE={file}
On Windows and macOS .NET trusts what the system trusts: --trust system.
MailKit, also in the code, because the CA has no revocation list:
  client.CheckCertificateRevocation = false;""",
    "postfix": """Postfix, in main.cf:
  smtp_tls_CAfile = {path}
  smtp_tls_security_level = secure
  smtp_tls_secure_cert_match = hostname
  smtp_host_lookup = native
  relayhost = [localhost]:1587
  # for port 465: relayhost = [localhost]:1465, smtp_tls_wrappermode = yes""",
    "exim": """Exim, in the transport (driver = smtp) of a smarthost:
  tls_verify_certificates = {path}
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *
  hosts_require_tls = *
  allow_localhost
  # for port 465: protocol = smtps""",
    "mutt": """mutt, neomutt, in muttrc (write the # of the user name as %23):
  set ssl_ca_certificates_file={literal}   # mutt with GnuTLS
  set certificate_file={literal}           # mutt with OpenSSL
  set ssl_starttls=yes ssl_force_tls=yes ssl_verify_host=yes
  set smtp_url="smtp://AppKey%23auth@localhost:1587/"   # 465: smtps://
s-nail, on the command line:
  -Stls-ca-file={file} -Stls-ca-no-defaults -Stls-verify=strict""",
    "system": """\
Debian, Ubuntu:
  sudo cp {file} /usr/local/share/ca-certificates/fakesmtp.crt
  sudo update-ca-certificates
macOS:
  sudo security add-trusted-cert -d -r trustRoot \\
      -k /Library/Keychains/System.keychain {file}
Windows (as administrator):
  certutil -addstore -f Root "{path}"
The CA is limited to nhncloudservice.com, cloud.toast.com, localhost and
loopback addresses, in Java too (trust ca.pem only, never intermediate.pem).
A setting of one program is still safer than one of the whole system.""",
}


def explain(way: str, ca_file: Path) -> str:
    """Return the instructions for a client; raises KeyError for an unknown one."""
    path = str(ca_file)
    literal = "'" + path.replace("\\", "\\\\").replace("'", "\\'") + "'"
    quoted = json.dumps(path, ensure_ascii=False)
    return WAYS[way].format(file=shlex.quote(path), path=path, literal=literal, quoted=quoted)
