"""Run the command line: `python -m fakesmtp`."""

from __future__ import annotations

import sys

from fakesmtp.cli import main

sys.exit(main())
