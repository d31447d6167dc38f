"""The system calls that change what is on a disk, and where each says what it changes."""

from __future__ import annotations

import os
import platform

# <linux/audit.h>
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# By machine: the number of each call. Below: which argument is a descriptor, a directory, a path.
_NUMBERS = {
    "x86_64": (
        "write:1 open:2 pwrite64:18 writev:20 fsync:74 fdatasync:75 truncate:76 ftruncate:77 "
        "rename:82 mkdir:83 rmdir:84 link:86 unlink:87 symlink:88 chmod:90 fchmod:91 chown:92 "
        "fchown:93 openat:257 mkdirat:258 fchownat:260 unlinkat:263 renameat:264 linkat:265 "
        "symlinkat:266 fchmodat:268 fallocate:285 pwritev:296 renameat2:316 copy_file_range:326"
    ),
    "aarch64": (
        "mkdirat:34 unlinkat:35 symlinkat:36 linkat:37 renameat:38 truncate:45 ftruncate:46 "
        "fallocate:47 fchmod:52 fchmodat:53 fchownat:54 fchown:55 openat:56 write:64 writev:66 "
        "pwrite64:68 pwritev:70 fsync:82 fdatasync:83 renameat2:276 copy_file_range:285"
    ),
}
CALLS = {
    int(number): name
    for name, number in (each.split(":") for each in _NUMBERS.get(platform.machine(), "").split())
}
# Which argument says how a file is opened, and what in it may make or empty one.
FLAGS_OF = {"open": 1, "openat": 2}
MAKING = os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
BY_DESCRIPTOR = {
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync"), 0),
    **dict.fromkeys(("ftruncate", "fchmod", "fchown", "fallocate"), 0),
    "copy_file_range": 2,
}
PATH_AT = {
    "symlink": (None, 1), "symlinkat": (1, 2),
    **dict.fromkeys(("open", "truncate", "rename", "mkdir", "rmdir", "link", "unlink", "chmod",
                     "chown"), (None, 0)),
    **dict.fromkeys(("openat", "mkdirat", "fchownat", "unlinkat", "renameat", "linkat", "fchmodat",
                     "renameat2"), (0, 1)),
}  # fmt: skip
