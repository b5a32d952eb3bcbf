"""Control groups (version 1) around single instances: what a container's limits are."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 1_000_000  # The longest there is, so that a quota can be a thousandth of a core.
PREFIX = "second_world_"


def why_not():
    """Why no limits can be set here; empty if they can."""
    for kind in ("cpu", "memory"):
        if not (ROOT / kind / "cgroup.procs").exists():
            return f"no control group of version 1 for {kind}"
    return "" if os.geteuid() == 0 else "only root sets limits"


class Cage:
    """One instance's place. It stays when the process in it is another one."""

    def __init__(self, name):
        self.name = f"{PREFIX}{os.getpid()}_{name}"
        self.kinds = set()

    def _directory(self, kind):
        directory = ROOT / kind / self.name
        if kind not in self.kinds:
            directory.mkdir(exist_ok=True)
            directory.chmod(0o700)  # Whoever judges shall not read here what was limited.
            self.kinds.add(kind)
        return directory

    def limit_cpu(self, quota_us):
        directory = self._directory("cpu")
        (directory / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (directory / "cpu.cfs_quota_us").write_text(str(quota_us))

    def limit_memory(self, limit_bytes):
        (self._directory("memory") / "memory.limit_in_bytes").write_text(str(limit_bytes))

    def take(self, pid):
        for kind in self.kinds:
            (ROOT / kind / self.name / "cgroup.procs").write_text(str(pid))

    def remove(self):
        remove(self.name)


def remove(name):
    """Of one whose processes have ended."""
    for kind in ("cpu", "memory"):
        directory = ROOT / kind / name
        try:
            directory.rmdir()
        except OSError:
            pass  # It was never made.


def remove_left_over():
    """Of runs that were killed."""
    for directory in (ROOT / "cpu").glob(PREFIX + "*"):
        owner = directory.name.removeprefix(PREFIX).split("_")[0]
        if not Path("/proc", owner).exists():
            remove(directory.name)
    for directory in (ROOT / "memory").glob(PREFIX + "*"):
        owner = directory.name.removeprefix(PREFIX).split("_")[0]
        if not Path("/proc", owner).exists():
            remove(directory.name)
