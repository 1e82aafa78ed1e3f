"""`FakeSMTP` as a user has it: recording on, mails in memory. Arguments: port, then options.

`--certificates FOLDER` keeps the authority there, `--account USER:KEY` lets that one in (without
it, mails are taken without AUTH). `--max-events 0` records no sessions, `--record-dir FOLDER`
writes them to files.
"""

from __future__ import annotations

from control import obey, read_arguments, to_path

from fakesmtp import FakeSMTP


def main() -> None:
    """Serve until standard input ends."""
    given = read_arguments(certificates=to_path, account=str, max_events=int, record_dir=to_path)
    account = tuple(given.account.split(":")) if given.account else None
    smtp = FakeSMTP(
        ports={25: 0, 587: given.port, 2587: 0, 465: 0, 2465: 0},
        accounts=[account] if account else None,
        require_auth=account is not None,
        certificates=given.certificates,
        max_events=10_000 if given.max_events is None else given.max_events,
        record_dir=given.record_dir,
    )
    with smtp:
        obey(lambda: [mail.raw for mail in smtp.messages])


if __name__ == "__main__":
    main()
