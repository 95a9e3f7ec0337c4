"""The second layer: what the kernel lets a worker do, whatever runs in it.

once      in the process that forks: no new privileges; and, where the machine has them, an ordinary user instead of
root,
          a network of its own, no file system (Landlock). These last three are extras: nothing rests on them.
limit, keep_one_descriptor, filtered   in each worker, in this order. Any failure raises before a program is read.
"""

import ctypes
import math
import os
import resource
import struct
from collections.abc import Callable

from . import filter as calls

MEMORY = 256 << 20  # of address space; the interpreter itself takes some 30 MB
STACK = 8 << 20  # the same everywhere, so that the same recursion ends alike
PROCESSOR = 4  # times what a program may take may a batch: a bound behind the alarm, which a program could switch off
DESCRIPTORS = 64  # the process that forks was started with four, and opens none
NOBODY = 65534
NEW_USER, NEW_NETWORK, NEW_IPC = 0x10000000, 0x40000000, 0x08000000
CREATE_RULESET, RESTRICT_SELF = 444, 446  # Landlock's calls have these numbers on every processor
ALL_FILES = (1 << 13) - 1  # every right of Landlock's first version

LIMITS = {
    resource.RLIMIT_AS: MEMORY, resource.RLIMIT_NPROC: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NOFILE: 0,
    resource.RLIMIT_CORE: 0, resource.RLIMIT_MEMLOCK: 0,
}  # fmt: skip
LIBC = ctypes.CDLL(None, use_errno=True)


def once() -> tuple[str, ...]:
    """Which of the extras this machine gave."""
    calls.no_new_privileges(LIBC)
    extras = {"ordinary user": _leave_root, "own network": _own_network, "no files": _no_files}
    return tuple(name for name, take in extras.items() if _taken(take))


def _taken(take: Callable[[], None]) -> bool:
    try:
        take()
    except OSError:
        return False
    return True


def _leave_root() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _own_network() -> None:
    if LIBC.unshare(NEW_USER | NEW_NETWORK | NEW_IPC) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _no_files() -> None:
    rights = ctypes.create_string_buffer(struct.pack("@Q", ALL_FILES), 8)
    rules = LIBC.syscall(CREATE_RULESET, rights, ctypes.c_size_t(8), 0)
    if rules < 0 or LIBC.syscall(RESTRICT_SELF, rules, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(rules)


def limit(seconds: float) -> None:
    for which, most in LIMITS.items():
        resource.setrlimit(which, (most, most))
    whole = math.ceil(PROCESSOR * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    _, hardest = resource.getrlimit(resource.RLIMIT_STACK)
    if hardest != resource.RLIM_INFINITY and hardest < STACK:
        raise OSError(f"a stack of {hardest} bytes; {STACK} are needed")
    resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))


def keep_one_descriptor() -> None:
    """The pipe that it answers on, which is its standard output."""
    os.closerange(0, calls.WRITE_TO)
    os.closerange(calls.WRITE_TO + 1, DESCRIPTORS)


def filtered() -> None:
    machine = os.uname().machine
    if machine not in calls.CALLS:
        raise OSError(f"no table of system calls for {machine}")
    calls.install(LIBC, calls.program(machine))
