"""What kind of operation a module or a torch function is, and the options that a reader wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from torch import Tensor, nn

Kind: TypeAlias = Literal[
    "input", "conv", "norm", "activation", "pool", "add", "concat", "flatten", "linear", "softmax", "other", "nothing"
]

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_CONV = (nn.modules.conv._ConvNd,)
_NORM = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm, nn.LocalResponseNorm)
_POOL_FILE = "torch.nn.modules.pooling"
_ACTIVATION_FILE = "torch.nn.modules.activation"


def whole(module: nn.Module) -> bool:
    """Whether the module is one operation: torch's own, without children."""
    return type(module).__module__.startswith("torch.nn.") and not isinstance(module, _CONTAINERS) and not any(module.children())


def of_module(module: nn.Module) -> Kind:
    """The kind of one of torch's own modules; ``nothing`` for those that let their input through."""
    place = type(module).__module__
    if isinstance(module, _CONV):
        return "conv"
    if isinstance(module, _NORM):
        return "norm"
    if place == _POOL_FILE:
        return "pool"
    if isinstance(module, nn.Softmax | nn.LogSoftmax | nn.Softmin):
        return "softmax"
    if place == _ACTIVATION_FILE:
        return "activation"
    if isinstance(module, nn.Linear):
        return "linear"
    if isinstance(module, nn.Flatten | nn.Unflatten):
        return "flatten"
    if isinstance(module, nn.Identity) or (place == "torch.nn.modules.dropout" and not module.training):
        return "nothing"
    return "other"


_SHOWN = (
    "in_channels",
    "out_channels",
    "in_features",
    "out_features",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "padding_mode",
    "output_padding",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
    "output_size",
    "norm_type",
    "mode",
    "scale_factor",
    "align_corners",
    "eps",
    "num_groups",
    "negative_slope",
    "approximate",
    "dim",
    "start_dim",
    "inplace",
)


def module_options(module: nn.Module) -> dict[str, Any]:
    """The module's settings by torch's names, those that JSON can carry."""
    found: dict[str, Any] = {}
    for name in _SHOWN:
        value = getattr(module, name, None)
        if value is not None:
            found[name] = list(value) if isinstance(value, tuple) else value
    if "stride" not in found and "kernel_size" in found:
        found["stride"] = found["kernel_size"]
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        found["transposed"] = True
    if isinstance(module, nn.modules.pooling._AdaptiveAvgPoolNd | nn.modules.pooling._AdaptiveMaxPoolNd):
        found["adaptive"] = True
    return found


_CONV_NAMES = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_CONV_T_NAMES = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_MAX_NAMES = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
_AVG_NAMES = ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_SIZE_NAMES = ("input", "output_size")
_RESIZE_NAMES = ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
_LP_NAMES = ("input", "norm_type", "kernel_size", "stride", "ceil_mode")

_FUNCTIONS: Mapping[str, tuple[Kind, str, tuple[str, ...], Mapping[str, Any]]] = {
    "conv2d": ("conv", "conv2d", _CONV_NAMES, {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}),
    "conv_transpose2d": (
        "conv",
        "conv_transpose2d",
        _CONV_T_NAMES,
        {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "transposed": True},
    ),
    "max_pool2d": ("pool", "max_pool2d", _MAX_NAMES, {"padding": 0, "dilation": 1, "ceil_mode": False}),
    "avg_pool2d": ("pool", "avg_pool2d", _AVG_NAMES, {"padding": 0, "ceil_mode": False, "count_include_pad": True}),
    "lp_pool2d": ("pool", "lp_pool2d", _LP_NAMES, {"ceil_mode": False}),
    "adaptive_avg_pool2d": ("pool", "adaptive_avg_pool2d", _SIZE_NAMES, {"adaptive": True}),
    "adaptive_max_pool2d": ("pool", "adaptive_max_pool2d", _SIZE_NAMES, {"adaptive": True}),
    "interpolate": ("other", "interpolate", _RESIZE_NAMES, {"mode": "nearest"}),
    "linear": ("linear", "linear", ("input", "weight", "bias"), {}),
    "batch_norm": (
        "norm",
        "batch_norm",
        ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
        {},
    ),
    "group_norm": ("norm", "group_norm", ("input", "num_groups", "weight", "bias", "eps"), {}),
    "layer_norm": ("norm", "layer_norm", ("input", "normalized_shape", "weight", "bias", "eps"), {}),
    "softmax": ("softmax", "softmax", ("input", "dim"), {}),
    "log_softmax": ("softmax", "log_softmax", ("input", "dim"), {}),
    "cat": ("concat", "cat", ("tensors", "dim"), {"dim": 0}),
    "concat": ("concat", "cat", ("tensors", "dim"), {"dim": 0}),
    "add": ("add", "add", (), {}),
    "__add__": ("add", "add", (), {}),
    "__radd__": ("add", "add", (), {}),
    "add_": ("add", "add", (), {}),
    "__iadd__": ("add", "add", (), {}),
}
_ACTIVATIONS = frozenset(
    name.rstrip("_")
    for name in [
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "sigmoid",
        "tanh",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "softplus",
        "rrelu",
        "prelu",
    ]
)
_SILENT = frozenset(
    [
        "detach",
        "clone",
        "contiguous",
        "to",
        "float",
        "double",
        "half",
        "type_as",
        "requires_grad_",
        "dropout",
        "feature_dropout",
        "alpha_dropout",
        "expand",
        "expand_as",
        "__getitem__",
        "chunk",
        "split",
        "tensor_split",
        "unbind",
        "select",
        "narrow",
    ]
)
"""Calls that hand on their input or a part of it: nothing is computed."""
_FORMS = frozenset(["view", "reshape", "flatten", "squeeze", "unsqueeze", "ravel", "unflatten", "view_as", "reshape_as"])
_WRITING = frozenset(
    f"__{name}__" for name in ["setitem", "iadd", "isub", "imul", "itruediv", "ifloordiv", "ipow", "imod", "iand", "ior", "ixor"]
)


def of_function(
    func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Tensor
) -> tuple[Kind, str, dict[str, Any], dict[str, Tensor]] | None:
    """(kind, name, options, weights) of a call that computes something; None for one that only looks or renames."""
    name = getattr(func, "__name__", "")
    if name.startswith("_") and not name.startswith("__"):
        name = name.lstrip("_")
    plain = name.rstrip("_") if not name.startswith("__") else name
    if name == "__get__" or plain in _SILENT:
        return None
    if plain in _ACTIVATIONS:
        return "activation", plain, {k: _plain(v) for k, v in kwargs.items() if isinstance(v, int | float | str)}, {}
    if plain.endswith("_with_indices"):
        plain = plain.removesuffix("_with_indices")
    if kwargs.get("alpha", 1) == 1 and (plain in _FUNCTIONS or name in _FUNCTIONS):
        kind, told, names, fixed = _FUNCTIONS.get(plain) or _FUNCTIONS[name]
        given = {**fixed, **dict(zip(names, args, strict=False)), **{k: v for k, v in kwargs.items() if k in names}}
        weights = {k: v.detach() for k, v in given.items() if k not in ("input", "tensors") and isinstance(v, Tensor)}
        options = {k: _plain(v) for k, v in given.items() if v is not None and not isinstance(v, Tensor) and k != "tensors"}
        if "kernel_size" in options and not options.get("stride"):
            options["stride"] = options["kernel_size"]
        if kind == "conv":
            options["kernel_size"] = list(given["weight"].shape[2:])
        return kind, told, options, weights
    if plain in _FORMS:
        first = next((a for a in args if isinstance(a, Tensor)), output)
        return ("flatten", plain, {}, {}) if output.dim() != first.dim() and output.dim() <= 2 else None
    if name.startswith("__") and name.endswith("__"):
        plain = name.strip("_")
    return "other", plain, {}, {}


def is_setting(func: Any) -> bool:
    """``x[...] = value``, which returns nothing."""
    return getattr(func, "__name__", "") == "__setitem__"


def written(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
    """What a call will write into, by torch's names: ``add_``, ``+=``, ``inplace=True``, ``out=``."""
    name = getattr(func, "__name__", "")
    in_place = name in _WRITING or (name.endswith("_") and not name.endswith("__")) or kwargs.get("inplace") is True
    return [*([args[0]] if in_place and args else []), *([kwargs["out"]] if "out" in kwargs else [])]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value if isinstance(value, int | float | str | bool) else str(value)


def pair(value: Any) -> tuple[int, int]:
    """An option that torch takes as one number or two."""
    if isinstance(value, list | tuple):
        return (int(value[0]), int(value[-1]))
    return (int(value), int(value))
