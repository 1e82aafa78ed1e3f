"""What the server is and can do, and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from fakesmtp.web.mailpit.info import describe_server
from fakesmtp.web.mailpit.shapes import Info, WebUi
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

router = APIRouter(tags=["mailpit"], include_in_schema=False)


@router.get(f"{MAILPIT}/info")
def show_info(here: Here) -> Info:
    """Return the version, the store, and counts since the start."""
    return describe_server(here)


@router.get(f"{MAILPIT}/webui")
def show_abilities() -> WebUi:
    """Return what the server can do: no relay, no SpamAssassin, but chaos."""
    return WebUi()


@router.get("/metrics")
def show_metrics(here: Here) -> Response:
    """Return the counts in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(describe_server(here)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Snapshot(Collector):
    """The metrics of one moment, by Mailpit's names."""

    def __init__(self, info: Info) -> None:
        self._info = info

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        info, stats = self._info, self._info.runtime_stats
        gauges = {
            "database_size_bytes": ("Size of the store.", info.database_size),
            "memory_usage_bytes": ("Memory of the process.", stats.memory),
            "messages": ("Stored messages.", info.messages),
            "messages_unread": ("Stored messages that are unread.", info.unread),
            "uptime_seconds": ("Time since the start.", stats.uptime),
        }
        counters = {
            "messages_deleted": ("Removed messages.", stats.messages_deleted),
            "smtp_accepted": ("Accepted messages.", stats.smtp_accepted),
            "smtp_accepted_size_bytes": ("Size of accepted messages.", stats.smtp_accepted_size),
            "smtp_rejected": ("Sessions that were refused.", stats.smtp_rejected),
            "smtp_ignored": ("Ignored messages: always 0.", stats.smtp_ignored),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"mailpit_{name}", text, value)
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(f"mailpit_{name}", text, value)
        yield self._tags()

    def _tags(self) -> Metric:
        family = GaugeMetricFamily("mailpit_tag_messages", "Messages with a tag.", labels=["tag"])
        for tag, number in self._info.tags.items():
            family.add_metric([tag], number)
        return family
