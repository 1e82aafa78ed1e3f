"""The clients that every test of `test_clients.py` runs with."""

from __future__ import annotations

from clients.nodemailer import NODEMAILER
from clients.programs import CURL, MSMTP, SWAKS
from clients.python_clients import AIOSMTPLIB, SMTPLIB
from clients.s_client import OPENSSL

CLIENTS = {
    "smtplib": SMTPLIB,
    "aiosmtplib": AIOSMTPLIB,
    "swaks": SWAKS,
    "curl": CURL,
    "msmtp": MSMTP,
    "openssl": OPENSSL,
    "nodemailer": NODEMAILER,
}
