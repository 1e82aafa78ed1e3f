"""`python -m fakesmtp`: the command line."""

from __future__ import annotations

import sys

from fakesmtp.cli import main

sys.exit(main())
