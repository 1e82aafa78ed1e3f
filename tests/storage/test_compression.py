"""Compression of messages, sessions and findings, alone and with what they have in common."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.storage.sql.compression import pack, read_session_sample, unpack


@given(st.binary(max_size=2_000).map(lambda data: data * 3), st.binary(max_size=200))
def test_data_comes_back(data: bytes, known: bytes) -> None:
    """What is compressed comes back byte for byte, and is smaller."""
    packed = pack(data, known)
    if packed is not None:
        assert len(packed) < len(data)
        assert unpack(packed, len(data), known) == data


def test_what_is_known_takes_no_space() -> None:
    """A session that is like the sample takes a fraction of what it takes without it."""
    sample = read_session_sample()
    session = sample.replace(b"AppKey", b"q7XvK2mZ").replace(b"example.com", b"shop.example")
    assert len(pack(session, sample)) < len(pack(session)) / 3


def test_data_of_older_files_comes_back() -> None:
    """What was compressed alone comes back with what is known, too."""
    session = read_session_sample()
    assert unpack(pack(session), len(session), b"x" * 100) == session


def test_no_more_than_the_size_is_read() -> None:
    """Data that decompress to more than their size take no more memory."""
    packed = pack(b"x" * 1_000_000)
    assert packed is not None
    assert len(unpack(packed, 1_000)) == 1_000


def test_the_sample_stays_as_it_is() -> None:
    """Files that were written with the sample cannot be read with another one."""
    digest = sha256(read_session_sample()).hexdigest()
    assert digest == "03636624d5ec26b15680890c4ee53c47c5affebb49452cab13b6ac806ea21f6c", (
        "restore the file: sessions in stores cannot be read without it"
    )


@pytest.mark.parametrize("size", [0, 100])
def test_small_data_stay_as_they_are(size: int) -> None:
    """Data that are not worth it are not compressed."""
    assert pack(b"x" * size) is None
