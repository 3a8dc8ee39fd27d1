"""The TypeScript compiler of the example client, from the npm registry: pinned, each package by its hash."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

LISTS = Path(__file__).resolve().parents[2] / "docs" / "clients"


def programs(home):
    """The folder of its programs; none without Node.js and npm. They are installed when the list changes."""
    if not (shutil.which("node") and shutil.which("npm")):
        return []
    folder = Path(home) / "node"
    text = (LISTS / "package-lock.json").read_bytes()
    digest, mark = hashlib.sha256(text).hexdigest(), folder / "installed.sha256"
    if not mark.exists() or mark.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LISTS / name, folder)
        words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(words, cwd=folder, check=True, env={**os.environ, "npm_config_update_notifier": "false"})
        mark.write_text(digest)
    return [str(folder / "node_modules" / ".bin")]
