"""Rungwise: train small language models to write programs a machine can check, and measure them honestly."""

from rungwise.contract import Contract, Grammar, Repair, Sabotage, Task, Verdict, judge_all, load_contract
from rungwise.errors import InputError, JudgeUnavailable, RungwiseError

__version__ = "0.1.0"
__all__ = [
    "Contract", "Grammar", "InputError", "JudgeUnavailable", "Repair", "RungwiseError", "Sabotage", "Task", "Verdict",
    "judge_all", "load_contract",
]  # fmt: skip
