"""File systems of a test's own: small, read-only, or in the place of a program.

A mount namespace of this process and its children holds them, so that they are gone with it. That
takes root, or a kernel that lets a user have namespaces; elsewhere `can_mount` says no.
"""

import ctypes
import functools
import os
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, data=None):
    texts = [text if text is None else str(text).encode() for text in (source, target, kind, data)]
    if LIBC.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


@functools.cache
def can_mount():
    """Enters a mount namespace, once. From then on mounts are this process's own."""
    user, group = os.getuid(), os.getgid()
    if LIBC.unshare(CLONE_NEWNS | (CLONE_NEWUSER if user else 0)) != 0:
        return False
    try:
        if user:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
    except OSError:
        return False
    return True


class SmallDisk:
    """A file system of a few pages on a directory; where it is told so, of so many files."""

    def __init__(self, directory, kib=128, files_max=None):
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.filler = directory / "filler"
        inodes = "" if files_max is None else f",nr_inodes={files_max + 1}"  # One is its root.
        mount("tmpfs", directory, "tmpfs", data=f"size={kib}k,mode=0700{inodes}")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        self.filler.unlink()

    def make_read_only(self):
        mount("tmpfs", self.directory, "tmpfs", flags=MS_REMOUNT | MS_RDONLY)

    def end(self):
        LIBC.umount2(str(self.directory).encode(), 2)  # MNT_DETACH: whoever still has it open.
