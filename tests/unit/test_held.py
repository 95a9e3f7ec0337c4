"""What is kept from training is found again in other spacing, and in other capitals where these tell nothing."""

from dataclasses import replace

import pytest

from rungwise.contract import Contract, load_contract
from rungwise.held import held, shared


@pytest.mark.parametrize("surface", ["compact", "english"])
def test_a_prompt_in_other_capitals_is_another_one_only_where_they_name_things(surface: str) -> None:
    """In the compact language a is a suspect and A a room."""
    contract: Contract = load_contract("clue", {"tiers": "C0", "surface": surface})
    (task,) = contract.tasks("train", 1, 1)
    kept = held(contract, [task])

    def found(prompt: str) -> dict[str, list[str]]:
        return shared(contract, [replace(task, id="another", prompt=prompt, facts={"structure": "another"})], kept)

    assert found(task.prompt.replace("\n", "  \n ")) == {"prompt": ["another"]}
    assert found(task.prompt.swapcase()) == ({} if surface == "compact" else {"prompt": ["another"]})
