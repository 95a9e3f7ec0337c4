"""What is loaded where a hostile program runs: the standard library and this folder, nothing else.

Imports in here are relative, because the process that serves programs knows this folder alone; no other part of
Rungwise, and nothing that was ever installed, can be reached from it.

language.py   the first layer: source in, code or a refusal out (statements.py, expressions.py the allow-list; nodes.py)
fuel.py       what is counted while a program runs, and what stops it
operators.py offered.py methods.py   operators, built-in functions and methods that pay before they work
values.py     plain values, and how they travel back
run.py        one program, from its source to its outcome
kernel.py filter.py   the second layer: limits, and the system calls that are left
zygote.py     the process that forks workers
"""
