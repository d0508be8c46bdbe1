"""How the images of a data set are read: one field is one flag, one row of the form and one entry of a model file."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from vae_explorer.core.config import MAX_SIDE, MIN_SIDE

Fit = Literal["crop", "pad", "stretch"]
Background = Literal["auto", "black", "white"]
Level = Literal["auto"] | Annotated[float, Field(allow_inf_nan=False)]


class Reading(BaseModel, frozen=True, extra="forbid"):
    """What is done to pictures so that they become images of one shape. A data set says how it was really read
    (`DataSet.reading`): there nothing is left to be chosen but `limit`."""

    size: int = Field(
        0,
        ge=0,
        le=MAX_SIDE,
        title="Image size",
        description=f"longer side in pixels, {MIN_SIDE} to {MAX_SIDE}; 0: the size that most images have, or 64",
    )
    fit: Fit = Field(
        "crop",
        title="Fit",
        description="images of other proportions: crop keeps the middle, pad adds a border, stretch distorts",
    )
    background: Background = Field(
        "auto",
        title="Background",
        description="behind transparent pictures; auto: one for all, that they stand out from",
    )
    black: Level = Field(
        "auto", title="Value of black", description="the value in the files that becomes black; auto: found from all"
    )
    white: Level = Field(
        "auto", title="Value of white", description="the value in the files that becomes white; auto: found from all"
    )
    limit: int = Field(
        0, ge=0, le=10**9, title="Images at most", description="this many images, evenly chosen; 0: all of them"
    )

    @field_validator("size")
    @classmethod
    def _possible(cls, size: int) -> int:
        if 0 < size < MIN_SIDE:
            raise ValueError(f"must be 0 or at least {MIN_SIDE}")
        return size


AUTOMATIC = Reading()  # everything is found from the images
