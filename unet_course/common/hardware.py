"""What the processor of this machine can do and what memory this process took, read without any framework."""

import functools
import os
import platform
from pathlib import Path

# Names that Linux gives to arithmetic on bfloat16: x86 with AVX-512 or AMX, and ARM.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
# Values of oneDNN's variable ONEDNN_MAX_CPU_ISA that forbid them.
_OLDER = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"}


def is_held_back():
    """Whether oneDNN, with which the frameworks compute, is told to do as an older processor without bfloat16 would."""
    return os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in _OLDER


def hold_tensorflow_back():
    """Where oneDNN is held back, let TensorFlow do without it; to be called before TensorFlow is imported.

    TensorFlow asks the processor, not oneDNN, whether there is bfloat16, and fails where the two part.
    """
    if is_held_back():
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


@functools.cache
def has_bfloat16(cpuinfo="/proc/cpuinfo"):
    """Whether the processor multiplies bfloat16 numbers itself; False where the system does not tell."""
    path = Path(cpuinfo)
    if is_held_back() or not path.exists():
        return False
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    words = next((value.split() for name, _, value in lines if name.strip() in ("flags", "Features")), [])
    return not _BFLOAT16_FLAGS.isdisjoint(words)


def cores():
    """Cores this process may use: containers and job schedulers often allow fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine():
    """The machine in a few words, for a record: how many cores, of which kind."""
    return f"{cores()} cores, {platform.machine()}"


def peak_memory_gb():
    """Largest memory this process has held so far, GB (10^9 bytes); None where the system does not tell."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = 1 if platform.system() == "Darwin" else 1024
    return round(kilobytes * scale / 1e9, 2)
