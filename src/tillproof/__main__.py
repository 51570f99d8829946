"""``python -m tillproof`` is the same as ``tillproof``."""

import sys

from tillproof.cli import main

sys.exit(main())
