"""The text of every schedule in a training script.

Each is a function of the schedule, whose numbers stand in its text, and computes what the part itself does, in the same
order, so that it gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layerwise.formula.quoting import python_number
from layerwise.parts import schedules

# ---------------------------------------------------------------- schedules: lines of a function of t and total

WAVE = '''
def wave(low, high, share):
    """Half a wave of the cosine, from low at share 0 to high at share 1."""
    return low + (high - low) * (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2
'''


def _cosine(schedule: Any) -> str:
    w, final = python_number(schedule.warm_up), python_number(schedule.final)
    if not schedule.warm_up:
        return f"return wave({final}, 1, 1 - t / total)"
    return (
        f"fall = wave({final}, 1, 1 - (t - {w}) / max(total - {w}, 1e-9))\n"
        f"return np.where(t < {w}, t / {python_number(max(schedule.warm_up, 1e-9))}, fall)"
    )


def _one_cycle(schedule: Any) -> str:
    peak, start, end = map(python_number, (schedule.peak_at, schedule.start, schedule.end))
    return (
        f"peak = {peak} * total\n"
        f"rise, fall = wave({start}, 1, t / peak), wave({end}, 1, (total - t) / (total - peak))\n"
        "return np.where(t < peak, rise, fall)"
    )


SCHEDULES: dict[type[schedules.Schedule], Callable[[Any], str]] = {
    schedules.Constant: lambda s: f"return np.full_like(t, {python_number(s.factor)})",
    schedules.InverseTime: lambda s: f"return 1 / (1 + {python_number(s.decay)} * t)",
    schedules.StepDecay: lambda s: f"return {python_number(s.factor)} ** np.floor(t / {python_number(s.every)})",
    schedules.Exponential: lambda s: f"return {python_number(s.rate)} ** t",
    schedules.InverseScaling: lambda s: f"return (1 + t) ** -{python_number(s.power)}",
    schedules.Cosine: _cosine,
    schedules.OneCycle: _one_cycle,
    schedules.CosLog: lambda s: (
        f"return (1 - np.cos(2 * np.pi * np.log2(1 + (2**{python_number(s.cycles)} - 1) * (t / total)))) / 2"
    ),
}


def schedule_text(schedule: schedules.Schedule) -> str:
    """Return the schedule as a function, after the one that it calls."""
    body = "\n".join(f"    {line}" for line in SCHEDULES[type(schedule)](schedule).split("\n"))
    before = f"{WAVE.strip()}\n\n\n" if "wave(" in body else ""
    return f'''{before}def schedule(t, total):
    """{type(schedule).__name__}: the factor of the learning rate after t of so many epochs."""
{body}
'''
