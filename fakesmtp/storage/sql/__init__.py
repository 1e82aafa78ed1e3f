"""What the stores in databases share: tables, queries, and the thread that writes."""

from __future__ import annotations
