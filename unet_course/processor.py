"""What the processor of this machine can do, read without any framework."""

import functools
from pathlib import Path

# Names that Linux gives to arithmetic on bfloat16: x86 with AVX-512 or AMX, and ARM.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


@functools.cache
def has_bfloat16(cpuinfo="/proc/cpuinfo"):
    """Whether the processor multiplies bfloat16 numbers itself; False where the system does not tell."""
    path = Path(cpuinfo)
    if not path.exists():
        return False
    lines = (line.partition(":") for line in path.read_text().splitlines())
    words = next((value.split() for name, _, value in lines if name.strip() in ("flags", "Features")), [])
    return not _BFLOAT16_FLAGS.isdisjoint(words)
