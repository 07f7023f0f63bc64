"""``python -m lane_core``."""

import sys

from lane_core.cli import main

sys.exit(main())
