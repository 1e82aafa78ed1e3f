"""Facts about the server through Mailpit's API."""

from __future__ import annotations

from smtplib import SMTPDataError
from typing import TYPE_CHECKING

import pytest
from http_api import serving
from prometheus_client.parser import text_string_to_metric_families
from web.mailpit.samples import raw_of
from web.mailpit.sending import deliver

from fakesmtp import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from http_api import Api


@pytest.mark.parametrize("api", ["memory", "sqlite", "postgres"], indirect=True)
def test_info(api: Api) -> None:
    """The response has version, store and counts since the start, with Mailpit's keys."""
    ids = deliver(api, "rich", "bare")
    api.fail(b"RCPT TO:<x@example.com>")
    api.ask("DELETE", "/api/v1/messages", {"IDs": ids[:1]})
    info = api.get("/api/v1/info").json

    assert info.keys() == {
        *("Version", "LatestVersion", "Database", "DatabaseSize", "Messages", "Unread"),
        *("Tags", "RuntimeStats"),
    }
    assert (info["Version"], info["LatestVersion"]) == (f"fakesmtp {__version__}", "disabled")
    assert (info["Messages"], info["Unread"], info["Tags"]) == (1, 1, {})
    assert (info["DatabaseSize"] > 0) is (info["Database"] != "memory")
    stats = info["RuntimeStats"]
    assert stats.pop("Memory") > 1_000_000
    assert stats.pop("Uptime") >= 0
    assert stats == {
        "MessagesDeleted": 1,
        "SMTPAccepted": 2,
        "SMTPAcceptedSize": len(raw_of("rich")) + len(raw_of("bare")),
        "SMTPRejected": 1,
        "SMTPIgnored": 0,
    }


def test_a_message_that_is_not_stored_is_not_accepted(tmp_path: Path) -> None:
    """A message that got 451 is not counted as accepted."""
    path = tmp_path / "messages.db"
    with serving(tmp_path / "recordings", store=f"sqlite:///{path}") as api:
        path.unlink()
        with pytest.raises(SMTPDataError, match="451"):
            deliver(api, "bare")
        deliver(api, "rich")
        stats = api.get("/api/v1/info").json["RuntimeStats"]
        assert (stats["SMTPAccepted"], stats["SMTPAcceptedSize"]) == (1, len(raw_of("rich")))


def test_abilities(api: Api) -> None:
    """The response has no relay and no SpamAssassin, with Mailpit's keys."""
    assert api.get("/api/v1/webui").json == {
        "Label": "",
        "MessageRelay": {
            "Enabled": False,
            **dict.fromkeys(("SMTPServer", "ReturnPath", "AllowedRecipients"), ""),
            **dict.fromkeys(("BlockedRecipients", "OverrideFrom", "RecipientAllowlist"), ""),
            "PreserveMessageIDs": False,
        },
        "SpamAssassin": False,
        "ChaosEnabled": True,
        "DuplicatesIgnored": False,
        "HideDeleteAllButton": False,
    }


def test_metrics(api: Api) -> None:
    """Prometheus can parse the metrics, which have Mailpit's names."""
    ids = deliver(api, "rich", "bare")
    api.ask("PUT", "/api/v1/tags", {"IDs": ids, "Tags": ['a "quoted" 태그']})
    api.get(f"/api/v1/message/{ids[0]}")
    answer = api.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = {
        sample.name: (sample.value, sample.labels)
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }
    assert samples.keys() == {
        f"mailpit_{name}"
        for name in (
            *("database_size_bytes", "memory_usage_bytes", "messages", "messages_unread"),
            *("messages_deleted_total", "smtp_accepted_total", "smtp_accepted_size_bytes_total"),
            *("smtp_rejected_total", "smtp_ignored_total", "tag_messages", "uptime_seconds"),
        )
    }
    assert samples["mailpit_messages"] == (2, {})
    assert samples["mailpit_messages_unread"] == (1, {})
    assert samples["mailpit_tag_messages"] == (2, {"tag": 'a "quoted" 태그'})


def test_head(api: Api) -> None:
    """HEAD is answered like GET, without content: health checks use it."""
    deliver(api, "bare")
    for path in ("/readyz", "/livez", "/api/v1/messages", "/view/latest.txt"):
        head, get = api.ask("HEAD", path), api.get(path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    assert api.ask("HEAD", "/api/v1/nothing").status == 404
    assert api.ask("HEAD", "/api/v1/send").status == 405


def test_unknown_paths(api: Api) -> None:
    """An unknown path and a wrong method are errors in plain text."""
    unknown, wrong = api.get("/api/v1/nothing"), api.ask("PATCH", "/api/v1/messages")
    assert (unknown.status, unknown.body) == (404, b"there is nothing at /api/v1/nothing")
    assert wrong.status == 405
    assert wrong.body == b"PATCH is not allowed at /api/v1/messages"
