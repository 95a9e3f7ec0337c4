"""The judge's own examination: `rungwise check`.

examination.py runs it (a child process under a watchdog, a second one elsewhere), findings.py asks the questions,
hostile.py writes what no judge may pass, panel.py what can be had without skill.
"""

from rungwise.check.examination import Examination, examine
from rungwise.check.examinee import Finding

__all__ = ["Examination", "Finding", "examine"]
