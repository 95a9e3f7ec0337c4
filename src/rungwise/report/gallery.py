"""Answers put together with their verdicts and pictures, for a page."""

from rungwise.contract import Contract, Task, judge_all
from rungwise.report.page import Mended, Shown


def shown(contract: Contract, task: Task, answer: str, *, repaired: bool) -> Shown:
    """The raw answer judged and drawn; the repaired one judged apart where it is asked for."""
    verdict = judge_all(contract, [(task, answer)])[0]
    picture = contract.picture(task, answer)
    if not repaired:
        return Shown(task=task, answer=answer, verdict=verdict, picture=picture)
    mend = contract.repair(answer)
    mended = Mended(
        repair=mend,
        verdict=judge_all(contract, [(task, mend.answer)])[0],
        picture=contract.picture(task, mend.answer) if mend.edits else None,
    )
    return Shown(task=task, answer=answer, verdict=verdict, picture=picture, repaired=mended)
