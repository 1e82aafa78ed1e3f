"""Benchmarks: fakesmtp compared with other servers that accept messages (README.md)."""
