"""A whole system of a test's own, with an installation of traced that all its users may run."""

import importlib.resources
import json
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any, Self

from support.private_systemd import SYSTEMD, PrivateSystemd

OPT = Path("/opt/agent-traced")
PYTHON_NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = Path("lib") / PYTHON_NAME / "site-packages"

# The folders that it writes in are laid over those of the machine; of the units of the machine
# those alone are started that ours need.
BEGIN_SYSTEM = """
for each in etc var; do
  mkdir -p /run/over/$each/up /run/over/$each/work
  mount -t overlay overlay \\
    -o lowerdir=/$each,upperdir=/run/over/$each/up,workdir=/run/over/$each/work /$each
done
rm -rf /etc/systemd/system /etc/fstab /var/lib/agent-traced /var/spool/agent-traced
mkdir -p /etc/systemd/system/multi-user.target.wants /etc/systemd/system.conf.d
printf '[Manager]\\nDefaultEnvironment="LD_LIBRARY_PATH={opt}/python/lib"\\n' \\
  > /etc/systemd/system.conf.d/python.conf
ln -s /lib/systemd/system/systemd-journald.service /etc/systemd/system/multi-user.target.wants
for each in /lib/systemd/system/*.target.wants; do mount -t tmpfs tmpfs $each; done
for each in systemd-remount-fs.service systemd-logind.service systemd-udevd.service; do
  ln -s /dev/null /etc/systemd/system/$each
done
mount -t tmpfs tmpfs /opt
mkdir -p {opt}/python {opt}/packages
mount --bind {base} {opt}/python
mount --bind {packages} {opt}/packages
cp -r {folder}/installed {opt}/venv
mount -t tmpfs tmpfs /tmp
exec {systemd} --system --unit=multi-user.target
"""


class WholeSystem(PrivateSystemd):
    """The manager of a system whose /etc, /var, /run, /tmp and /opt are its own."""

    spaces = ("--uts", "--ipc")
    python = OPT / "venv/bin/python"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.script = BEGIN_SYSTEM.format(
            opt=OPT,
            base=sys.base_prefix,
            packages=sysconfig.get_path("purelib"),
            folder=folder,
            systemd=SYSTEMD,
        )

    def __enter__(self) -> Self:
        self._lay_out(self.folder / "installed")
        return super().__enter__()

    @property
    def environment(self) -> dict[str, str]:
        """What the manager and the test's commands find."""
        # An interpreter may look for its library where it was built, which others may not enter.
        library = {"LD_LIBRARY_PATH": str(OPT / "python/lib")}
        return super().environment | library | {"container": "private", "HOME": "/"}

    @property
    def root(self) -> Path:
        """The root of its files, as it is seen from here."""
        return Path(f"/proc/{self.init}/root")

    @property
    def socket(self) -> Path:
        """Where hooks report to."""
        return self.root / "run/agent-traced/traced.sock"

    @property
    def spool(self) -> Path:
        """Where the group drops events."""
        return self.root / "var/spool/agent-traced"

    @property
    def units(self) -> Path:
        """The folder with the units that were installed."""
        return self.root / "etc/systemd/system"

    def read(self, *arguments: str) -> dict[str, Any] | None:
        """Return what a `traced` command prints to the daemon's own user; None if it fails."""
        db = "TRACED_DB=/var/lib/agent-traced/traced.db"
        command = ["env", db, str(self.python), "-P", "-m", "traced", *arguments, "--json"]
        told = self.run(*command, user="agent-traced", group="agent-traced")
        if told.returncode:
            return None
        printed: dict[str, Any] = json.loads(told.stdout)
        return printed

    def _lay_out(self, venv: Path) -> None:
        """Install what is tested, as a wheel does, in a virtual environment at OPT/venv."""
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/python").symlink_to(OPT / "python/bin" / PYTHON_NAME)
        (venv / "pyvenv.cfg").write_text(f"home = {OPT}/python/bin\n")
        (venv / SITE).mkdir(parents=True)
        (venv / SITE / "packages.pth").write_text(f"{OPT}/packages\n")
        for package in ("traced", "traced.sql", "traced.systemd"):
            with importlib.resources.as_file(importlib.resources.files(package)) as source:
                shutil.copytree(
                    source,
                    venv / SITE / package.replace(".", "/"),
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
        for folder, _, _ in os.walk(venv):
            Path(folder).chmod(0o755)
