"""The body and the knowledge are plain data: they can be read without Django, a database or settings."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_body_drawing_and_knowledge_need_no_django():
    code = "import sys, anatomy.body, anatomy.drawing, protocols.knowledge; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={})

    assert done.stdout.strip() == "False"
