"""After set-up the workshop needs no network: it is walked where there is none but loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop.ai import weights

# Runs in a network namespace of its own, which begins with a loopback that is down and nothing else.
INSIDE = """
import errno, fcntl, json, os, socket, struct, subprocess, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
try:
    socket.create_connection(("192.0.2.1", 443), timeout=5)
    outside = "reached"
except OSError as error:
    outside = errno.errorcode.get(error.errno, str(error))
try:
    socket.getaddrinfo("example.com", 443)
    named = "resolved"
except socket.gaierror:
    named = "unknown"
print(json.dumps({"interfaces": [name for _, name in socket.if_nameindex()], "outside": outside, "named": named}))
sys.stdout.flush()
workshop = [sys.executable, "-m", "workshop.cli"]
try:
    walked = [subprocess.run([*workshop, "walk", "--only", step]).returncode for step in ("0001", "0006")]
finally:
    subprocess.run([*workshop, "stop", "--and-remove-data"])
sys.exit(any(walked))
"""
# Root may make a namespace; others get one inside a user namespace, in which they stay who they are.
UNSHARE = (
    ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_the_walk_needs_nothing_but_loopback(clone, tmp_path):
    models = tmp_path / "models"  # the model of the set-up, and no vector computed before
    models.mkdir()
    (models / weights.MODEL).symlink_to(weights.require())
    environment = clone.environment | {"SHOP_MODELS": str(models)}
    for name in ("DATABASE_URL", "WORKSHOP_SERVER"):
        environment.pop(name, None)
    made = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, f"no network namespace could be made here, so nothing was proved: {made.stderr}"
    done = subprocess.run([*UNSHARE, sys.executable, "-c", INSIDE], cwd=clone.root, env=environment,
                          capture_output=True, text=True, check=False, timeout=900)  # fmt: skip
    there, *said = done.stdout.splitlines()
    assert json.loads(there) == {"interfaces": ["lo"], "outside": "ENETUNREACH", "named": "unknown"}
    assert done.returncode == 0, "\n".join([*said, done.stderr])
    walked = "\n".join(said)
    assert "0001_create_sample_table" in walked and "0006_embed_catalog" in walked and "1,453 vectors" in walked
    assert Path(models / "vectors.sqlite").stat().st_size > 1453 * 384 * 4  # the model did run
