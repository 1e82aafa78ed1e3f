"""Benchmarks: fakesmtp beside other servers that accept messages (README.md)."""
