"""The params of ``convolution/network``: a picture, a network, what is switched off in it. No torch, no numpy here."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.offered import allowed, fingerprint, offered, permit


def _of(group: str, **more: Any) -> dict[str, Any]:
    return {"group": group, **more}


class Ablation(BaseModel):
    """One output channel (or element of a vector) of one layer, set to 0 where the layer puts it out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str = Field(min_length=1, max_length=200)
    channel: int = Field(ge=0, le=100_000)


class NetworkParams(Params):
    """A picture goes through a network, one operation a frame."""

    experiment: ClassVar[str] = "convolution/network"

    image: str = Field("sample:cat", max_length=80, json_schema_extra=_of("picture", widget="image"))
    size: int = Field(32, ge=32, le=224, json_schema_extra=_of("picture", unit="px"))
    fit: Literal["crop", "pad", "stretch"] = Field("crop", json_schema_extra=_of("picture"))
    network: Literal["resnet", "vgg", "filters", "own", "hub"] = Field("resnet", json_schema_extra=_of("network"))
    filters: Literal["sobel", "gabor", "blur", "sharpen"] = Field(
        "sobel", json_schema_extra=_of("network", when={"network": ["filters"]})
    )
    hub: str | None = Field(None, min_length=1, max_length=200, json_schema_extra=_of("network", when={"network": ["hub"]}))
    """One of the ids that the operator allows; None: the first of them."""
    model: str | None = Field(None, max_length=16, pattern=r"^[0-9a-f]{16}$", json_schema_extra=_of("network", widget="hidden"))
    """Of the operator's own model: the hash of its file, so that a link names what ran. None: whatever is served."""
    ablate: list[Ablation] = Field(default_factory=list, max_length=64, json_schema_extra=_of("network", widget="hidden"))
    why: Literal["none", "grad-cam", "integrated-gradients", "occlusion"] = Field("none", json_schema_extra=_of("why"))
    why_class: Annotated[str, Field(min_length=1, max_length=200, coerce_numbers_to_str=True)] | None = Field(
        None, json_schema_extra=_of("why", when={"why": ["grad-cam", "integrated-gradients", "occlusion"]})
    )
    """A class's name, or its number."""
    why_layer: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, json_schema_extra=_of("why", when={"why": ["grad-cam"]})
    )
    why_side: Literal["output", "input"] = Field("output", json_schema_extra=_of("why", when={"why": ["grad-cam"]}))
    backward: bool = Field(False, json_schema_extra=_of("why"))

    @model_validator(mode="before")
    @classmethod
    def _which(cls, values: Any) -> Any:
        """The operator's network without a hash is the one of now, a hub's without an id the first: the link names what runs."""
        if isinstance(values, dict) and values.get("network") == "own" and values.get("model") is None and (named := offered()):
            with suppress(OSError):
                return {**values, "model": fingerprint(named[0])}
        if isinstance(values, dict) and values.get("network") == "hub" and values.get("hub") is None and (ids := allowed()):
            return {**values, "hub": ids[0]}
        return values

    @model_validator(mode="after")
    def _may(self) -> NetworkParams:
        if self.network == "hub":
            permit(self.hub, "network")
        return self

    @model_validator(mode="after")
    def _once(self) -> NetworkParams:
        seen = {(one.layer, one.channel) for one in self.ablate}
        if len(seen) < len(self.ablate):
            raise UserError(Message("convolution.network.error.twice"), ("ablate",))
        return self
