"""Sections 4 and 5: what was learned from and how that went, and what was looked at before anything was trained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.report import curves, numbers
from rungwise.report.charts import drawn
from rungwise.report.frame import Column, Line, chip, facts, fold, items, missing, note, placed, state, table
from rungwise.report.page import cut, seen
from rungwise.report.run_files import Run, Stage
from rungwise.report.run_records import Audit, Gate, Lengths, Source, Spread

SHOWN = 6  # of a first batch
ANSWERS = 4  # of a prompt in it
MOST_IDS = 1600  # characters of them
NAMES = {"sft": "Fine-tuning", "rl": "Reinforcement"}


# ---- 4 data, tokens and training ----


def data(run: Run) -> str:
    if not run.stages:
        return missing("Nothing was trained: there is no folder of a stage.")
    return "".join(_stage(run, name, stage) for name, stage in run.stages.items()) + _curves(run) + _first_batches(run)


def _stage(run: Run, name: str, stage: Stage) -> str:
    rows, lengths = (missing(f"There is no {name}/{file}.json.") for file in ("audit", "lengths"))
    told = [
        _rows(stage.audit) if stage.audit else rows,
        _sources(stage.sources) if stage.sources else "",
        _lengths(stage.lengths, run) if stage.lengths else lengths,
    ]
    return f"<h3>{NAMES.get(name, name)} <small>{name}</small></h3>{''.join(told)}"


def _rows(audit: Audit) -> str:
    told = facts(
        [
            ("rows", f"{audit.rows:,}"),
            ("tasks", f"{audit.tasks:,}"),
            ("rows that stand twice", _share(audit.duplicates, audit.rows)),
            ("contradictions", _none(audit.contradictions)),
            ("overlaps with what is held out", _none(audit.overlaps)),
        ]
    )
    return told + items([placed(line) for line in (*audit.contradictions, *audit.overlaps)][:SHOWN])


def _none(faults: Sequence[str]) -> str:
    return chip(f"{len(faults)}", "bad") if faults else "none"


def _share(part: int, whole: int) -> str:
    return f"{part:,}" + (f" ({numbers.percent(part / whole)})" if whole else "")


def _sources(sources: Sequence[Source]) -> str:
    columns = [Column(name, "number" if at else "") for at, name in enumerate(
        ("source", "weight", "rows learned from", "share of rows", "tokens", "share of tokens", "passes over it"))
    ]  # fmt: skip
    lines = (
        Line([seen(one.name), f"{one.declared:g}", f"{one.rows:,}", numbers.percent(one.row_share),
              numbers.many(one.tokens), numbers.percent(one.token_share), f"{one.epochs:.1f}"])
        for one in sources
    )  # fmt: skip
    return table(columns, lines, "sources of rows")


def _lengths(lengths: Lengths, run: Run) -> str:
    columns = [
        Column("tokens a row"),
        *(Column(name, "number") for name in ("half have at most", "95% have at most", "longest")),
    ]
    spreads = {"prompt": lengths.prompt, "gold answer": lengths.gold, "both": lengths.both}
    context = run.settings.model.context or lengths.context
    told = table(columns, (_spread(name, one) for name, one in spreads.items()), "lengths in tokens", "narrow")
    unreadable = (
        note(f"{lengths.unreadable} texts do not come back from their tokens.", "bad") if lengths.unreadable else ""
    )
    return (
        f"{told}{unreadable}<p>A context of {context:,} tokens; the longest row takes "
        f"{numbers.percent(lengths.both.most / context) if context else 'an unknown share'} of it.</p>"
        f"{_classes(lengths)}"
    )


def _spread(name: str, one: Spread) -> Line:
    return Line([name, f"{one.p50:,.0f}", f"{one.p95:,.0f}", f"{one.most:,.0f}"])


def _classes(lengths: Lengths) -> str:
    """What gold answers are spelled with, as one bar."""
    found = sorted(lengths.classes.items(), key=lambda pair: -pair[1])[:4]
    if not found:
        return ""
    bar = "".join(
        f'<span class="s{at}" style="width:{100 * min(1, max(0, n)):.1f}%"></span>' for at, (_, n) in enumerate(found)
    )
    key = "".join(
        f'<li class="s{at}"><i></i>{seen(name)} {numbers.percent(n)}</li>' for at, (name, n) in enumerate(found)
    )
    lead = '<p class="soft">Gold answers are spelled with:</p>'
    return f'{lead}<div class="stack" aria-hidden="true">{bar}</div><ul class="key">{key}</ul>'


def _curves(run: Run) -> str:
    try:
        rungs = [replace(rung, name=run.settings.name or "this run") for rung in curves.read([run.folder])]
        panels = curves.panels(rungs)
    except InputError:
        return "<h3>Training curves</h3>" + missing("There are no metrics of training that can be drawn.")
    return f"<h3>Training curves</h3><p>{curves.LEAD}</p>" + "".join(
        f'<h4>{NAMES.get(panel.name, panel.name)} <span class="soft">{panel.last:,} steps</span></h4>'
        f'<div class="charts">{"".join(curves.figure_of(drawn(chart, panel)) for chart in panel.charts)}</div>'
        for panel in panels
    )


# ---- the first batch ----


def _first_batches(run: Run) -> str:
    return "".join(_first_batch(name, stage.first_batch) for name, stage in run.stages.items() if stage.first_batch)


def _first_batch(name: str, batch: Sequence[Mapping[str, Json]]) -> str:
    shown = "".join(_item(one) for one in batch[:SHOWN])
    more = f"{min(SHOWN, len(batch))} of {len(batch)} prompts, as the model saw them"
    return fold(f"First batch of {name}", shown, more)


def _item(one: Mapping[str, Json]) -> str:
    answers = one.get("answers")
    told = list(answers) if isinstance(answers, list) else []
    ids, learned = (_nested(one.get(key)) for key in ("answer_ids", "learned"))
    lines = [_answer(answer, ids[at : at + 1], learned[at : at + 1]) for at, answer in enumerate(told[:ANSWERS])]
    more = f"<p>{len(told) - ANSWERS} more answers</p>" if len(told) > ANSWERS else ""
    return (
        f'<h4>Prompt</h4><pre class="prompt" dir="auto">\n{cut(str(one.get("prompt", "")))}</pre>'
        f"{_ids('ids', one.get('prompt_ids'))}{''.join(lines)}{more}"
    )


def _nested(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _answer(answer: Json, ids: list[Json], learned: list[Json]) -> str:
    """A text alone with its ids beside it, or an object with all that is known of one."""
    if not isinstance(answer, dict):
        known: dict[str, Json] = {"ids": ids[0] if ids else None, "learned": learned[0] if learned else None}
        text = str(answer)
    else:
        known, text = {key: value for key, value in answer.items() if key != "answer"}, str(answer.get("answer", ""))
    return f'<h4>Answer</h4><pre dir="auto">\n{cut(text)}</pre>' + "".join(
        _ids(key, value) for key, value in known.items()
    )


def _ids(name: str, value: Json) -> str:
    if value is None:
        return ""
    plain = isinstance(value, list) and all(isinstance(one, int) for one in value)
    told = " ".join(str(int(one)) for one in value) if plain else msgspec.json.encode(value).decode()
    return f'<p class="ids"><span class="soft">{seen(name)}</span> <code>{cut(told, MOST_IDS)}</code></p>'


# ---- 5 the judge's examination and the gates before ----


def looked_at(run: Run) -> str:
    return _examination(run) + _preflight(run)


def _examination(run: Run) -> str:
    head = "<h3>The judge's examination</h3>"
    if run.check is None:
        return head + missing("There is no check.json: the judge was not examined in this run.")
    found = run.check.findings
    failed = sum(not one.passed for one in found)
    ended = f"{failed} of them failed" if failed else "all passed"
    told = f"{numbers.counted(len(found), 'finding')} on {run.check.contract}, {ended}."
    return f"{head}<p>{seen(told)}</p>{_gates(found, 'findings of the examination')}"


def _preflight(run: Run) -> str:
    head = "<h3>Gates before training</h3>"
    if not run.preflight:
        return head + missing("There is no preflight.json: no gate was looked at before training.")
    passed = [one for one in run.preflight if one.passed]
    warned = sum(one.warned for one in passed)
    told = f"{numbers.counted(len(run.preflight), 'gate')}: {len(passed)} passed, {warned} of them with a warning; "
    told += f"{len(run.preflight) - len(passed)} failed."
    return f"{head}<p>{told}</p>{_gates(run.preflight, 'gates before training')}"


def _gates(found: Sequence[Gate], name: str) -> str:
    order = sorted(found, key=lambda one: (one.passed, not one.warned))
    return table([Column("gate"), Column(""), Column("what was found", "text")], map(_gate, order), name)


def _gate(one: Gate) -> Line:
    tone, word = ("good", "passed") if one.passed else ("bad", "failed")
    if one.passed and one.warned:
        tone, word = "warn", "warned"
    return Line([seen(one.name), state(word, tone), seen(placed(one.detail))])
