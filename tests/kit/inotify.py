# SPDX-License-Identifier: Apache-2.0
"""Waits for changes in folders."""

import ctypes
import os
import select

OPEN = 0x20
CHANGES = 0x2 | 0x40 | 0x80 | 0x100 | 0x200  # modify, moves, create, delete
EVENT_SIZE = 16
LIBC = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Sees changes in folders, which must exist, and opened files."""

    def __init__(self, folders, opened=()):
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC)
        assert self.fd >= 0
        for folder in folders:
            assert LIBC.inotify_add_watch(self.fd, os.fsencode(folder),
                                          CHANGES) >= 0, folder
        for file in opened:
            assert LIBC.inotify_add_watch(self.fd, os.fsencode(file),
                                          OPEN) >= 0, file

    def wait(self, timeout_s):
        """How many changes there were since; 0 after timeout_s."""
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return 0
        data, at, count = os.read(self.fd, 65536), 0, 0
        while at < len(data):
            at += EVENT_SIZE + int.from_bytes(data[at + 12:at + 16], "little")
            count += 1
        return count

    def close(self):
        os.close(self.fd)
