"""Which system calls are left to a worker: a seccomp filter, written down for each processor.

A worker answers on one pipe, gets and gives back memory, sets the alarm of the next program, and ends. Every other
call ends it at once (SIGSYS). On a processor that is not in the table there is no filter, and so no worker.
"""

import ctypes
import struct

WRITE_TO = 1  # the only descriptor that a worker has
EXECUTABLE = 4  # PROT_EXEC: memory that could be run is never handed out

# The kernel's own number of the architecture (AUDIT_ARCH), then its numbers of the calls.
CALLS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "write": 1, "mmap": 9, "munmap": 11, "brk": 12, "mremap": 25, "madvise": 28, "setitimer": 38, "exit": 60,
        "exit_group": 231,
    }),
    "aarch64": (0xC00000B7, {
        "write": 64, "mmap": 222, "munmap": 215, "brk": 214, "mremap": 216, "madvise": 233, "setitimer": 103, "exit":
        93, "exit_group": 94,
    }),
}  # fmt: skip

ALLOW, KILL = 0x7FFF0000, 0x80000000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # of the kernel's small machine (BPF)
NUMBER, ARCHITECTURE, FIRST, THIRD = 0, 4, 16, 32  # where it finds the call's number, the processor, the arguments
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


def program(machine: str) -> bytes:
    """The filter, one instruction of 8 bytes a step. A jump says how many steps to skip where it holds, and where
    not."""
    architecture, numbers = CALLS[machine]
    plain = [number for name, number in numbers.items() if name not in ("write", "mmap")]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]  # fmt: skip
    for number in plain:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps += [
        (EQUAL, 0, 4, numbers["write"]),
        (LOAD, 0, 0, FIRST), (EQUAL, 0, 1, WRITE_TO), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL),
        (EQUAL, 0, 3, numbers["mmap"]),
        (LOAD, 0, 0, THIRD), (ANY_BIT, 1, 0, EXECUTABLE), (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, KILL),
    ]  # fmt: skip
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def no_new_privileges(libc: ctypes.CDLL) -> None:
    _asked(libc, PR_SET_NO_NEW_PRIVS, 1, 0)


def install(libc: ctypes.CDLL, instructions: bytes) -> None:
    kept = ctypes.create_string_buffer(instructions, len(instructions))
    address = ctypes.addressof(kept)
    head = ctypes.create_string_buffer(struct.pack("@HP", len(instructions) // 8, address))
    _asked(libc, PR_SET_SECCOMP, MODE_FILTER, ctypes.addressof(head))


def _asked(libc: ctypes.CDLL, option: int, first: int, second: int) -> None:
    rest = (ctypes.c_ulong(first), ctypes.c_ulong(second), ctypes.c_ulong(0), ctypes.c_ulong(0))
    if libc.prctl(ctypes.c_int(option), *rest) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused")
