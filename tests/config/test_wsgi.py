"""What serves the API is ready before its first request."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOOK = """
import gc, sys
from config.wsgi import application
print(callable(application), "feeds.api.views" in sys.modules, gc.get_freeze_count() > 10_000)
"""


def test_a_fresh_process_has_its_routes_and_spares_the_collector(tmp_path: Path) -> None:
    environment = {**os.environ, "JWT_KEYS_DIR": str(tmp_path / "keys")}

    words = [sys.executable, "-c", LOOK]
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.stdout.split(), done.stderr) == (["True", "True", "True"], "")
