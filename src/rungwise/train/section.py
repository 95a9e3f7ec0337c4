"""What every section of a rung file is, and the kinds of numbers that stand in one."""

from typing import Annotated

from pydantic import ConfigDict, Field, Strict

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Above = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Decay, Decay], Strict(False)]

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
