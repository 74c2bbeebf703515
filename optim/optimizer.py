"""Optimizer: what all algorithms share. Groups of parameters, the state of each, and the step.

A step first makes sure of everything that can fail, and lays out what is new; then it updates in place. The numbers of
the formula that may change from step to step, such as the learning rate, are arrays of the parameters' backend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.inplace import write
from ..autograd.modes import enable_grad
from ..autograd.ops.creation import zeros
from ..autograd.tensor import Tensor, from_array
from ..autograd.versions import record_change
from ..backends import Array, dtypes
from .layout import Home, Layout, Slot

Params = Tensor | Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]


class Optimizer:
    """The base of all optimizers.

    Args:
        params: a tensor or several; or dicts with `"params"` and settings that differ from the others'; or pairs of
            name and tensor.
        defaults: the settings by name.

    Attributes:
        param_groups: the dicts of parameters and their settings, which may be changed between steps.
        state: per parameter, what the algorithm remembers of it, by name.

    Raises:
        TypeError: `params` holds what is no tensor.
        ValueError: it is empty, or holds a tensor twice or one that is no leaf.
    """

    _counts = True
    """Whether the number of steps is part of the state."""
    _temporaries = 2
    """How many arrays of a piece's size the update needs beside its states."""

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._layouts: dict[int, Layout] = {}
        self._numbers: dict[tuple[Any, ...], tuple[tuple[float, ...], Array, tuple[Array, ...]]] = {}
        if not isinstance(params, Iterable):
            raise TypeError(f"{type(self).__name__}: expected tensors to optimize, got {type(params).__name__}")
        given: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: there are no parameters to optimize")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    # What an algorithm defines

    def check(self, group: dict[str, Any]) -> None:
        """Raises a ValueError when a setting is out of its range."""

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The arrays it keeps of every parameter of the group, beside the step."""
        return ()

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        """The numbers of the formula in the `step`-th update, counted from 1."""
        raise NotImplementedError

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        """Updates `p` and `states` in place; `n` are the numbers as 0-d arrays, `g` the gradient, left as it is."""
        raise NotImplementedError

    # Groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters, with settings of their own.

        Args:
            param_group: `"params"`, and any of the settings.

        Raises:
            TypeError, ValueError: as for the constructor, or a setting is out of its range. Nothing is added then.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"a group of parameters is a dict, got {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f"a group of parameters needs 'params', got {list(param_group)}")
        given = param_group["params"]
        if isinstance(given, (set, frozenset)):
            raise TypeError("parameters come in an order that stays the same, such as a list; a set has none")
        given = [given] if isinstance(given, Tensor) else list(given)
        group = {**self.defaults, **param_group}
        if given and all(isinstance(item, tuple) for item in given):
            group["param_names"] = [name for name, _ in given]
            given = [tensor for _, tensor in given]
        group["params"] = given
        known = {id(p) for p in self._all_parameters()}
        for k, tensor in enumerate(given):
            if not isinstance(tensor, Tensor):
                raise TypeError(f"{type(self).__name__} takes tensors, got {type(tensor).__name__} as parameter {k}")
            if not tensor.is_leaf:
                raise ValueError(
                    f"parameter {k}, of shape {tensor.shape}, was computed by {tensor.grad_fn}; gradients accumulate "
                    f"in leaves, so pass those it comes from, or detach() it first"
                )
            if id(tensor) in known:
                raise ValueError(f"parameter {k}, of shape {tensor.shape}, is there twice")
            known.add(id(tensor))
        try:
            self.check(group)
        except (TypeError, RuntimeError):
            settings = {name: value for name, value in group.items() if name not in ("params", "param_names")}
            odd = {name: value for name, value in settings.items() if not isinstance(value, (int, float, tuple))}
            listed = ", ".join(f"{name}={value!r}" for name, value in (odd or settings).items())
            raise TypeError(f"{type(self).__name__}: a setting is of the wrong type, got {listed}") from None
        self.param_groups.append(group)

    def _all_parameters(self) -> list[Tensor]:
        return [p for g in self.param_groups for p in g["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters; with `set_to_none=False` they become zeros in place."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter._grad = None
                elif parameter._grad is not None:
                    parameter._grad = parameter._grad.detach()
                    write(parameter._grad._array, ..., 0, "zero_grad")

    # The step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates every parameter that has a gradient.

        Args:
            closure: computes the loss and its gradients anew; called first.

        Returns:
            What the closure returned, if any.

        Raises:
            RuntimeError: a gradient does not fit its parameter, or a parameter is in memory that cannot be written.
                Neither parameters nor states have changed then.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        plans = [self._plan(k, group) for k, group in enumerate(self.param_groups)]
        for group, plan in zip(self.param_groups, plans, strict=True):
            if plan is not None:
                layout, live, work = plan
                layout.run(work, self.update, group)
                self._note(layout, live)
        return loss

    def _plan(self, number: int, group: dict[str, Any]) -> tuple[Layout, list[int], Any] | None:
        """What is to be done for a group, checked; None if none of its parameters has a gradient."""
        parameters = group["params"]
        live = [k for k, parameter in enumerate(parameters) if parameter._grad is not None]
        if not live:
            return None
        for k in live:
            array, gradient = parameters[k]._array, parameters[k]._grad._array
            if gradient.shape != array.shape or gradient.dtype != array.dtype or type(gradient) is not type(array):
                self._refuse_gradient(k, parameters[k])
        names = self.state_names(group)
        layout = self._layouts.get(number)
        if layout is None or not layout.fits(parameters, live, self.state, names):
            layout = self._lay_out(number, parameters, live, names)
        made: dict[tuple[Any, ...], tuple[Array, ...]] = {}

        def numbers_at(home: Home, step: float) -> tuple[Array, ...]:
            found = made.get((home, step))
            if found is None:
                key = (number, home, len(made))
                found = made[home, step] = self._number_arrays(key, self.numbers(group, step))
            return found

        return layout, live, layout.work(live, numbers_at)

    def _refuse_gradient(self, k: int, parameter: Tensor) -> None:
        gradient = parameter.grad
        assert gradient is not None
        raise RuntimeError(
            f"{type(self).__name__}: parameter {k} is {parameter.dtype} {parameter.shape} on {parameter.device}, but "
            f"its gradient {gradient.dtype} {gradient.shape} on {gradient.device}: other data was assigned to the "
            f"parameter after backward. Call zero_grad() and backward() again"
        )

    def _lay_out(self, number: int, parameters: list[Tensor], live: list[int], names: tuple[str, ...]) -> Layout:
        """A new layout, of all parameters that have a gradient or ever had one; what their states are stays."""
        chosen = sorted({*live, *(k for k, p in enumerate(parameters) if self.state.get(p))})
        for k in chosen:
            if not getattr(parameters[k]._array.flags, "writeable", True):
                raise RuntimeError(
                    f"{type(self).__name__}: parameter {k}, of shape {parameters[k].shape}, is in memory that cannot "
                    f"be written; clone() it first"
                )
        steps = zeros(len(parameters), dtype=dtypes.float32, device="cpu")._array
        held = [self.state.get(p, {}) for p in parameters]
        layout = self._layouts[number] = Layout(parameters, chosen, held, names, self._temporaries, steps)
        for slot in layout.slots:
            if slot is not None and not slot.fresh:
                self._publish(slot, names)
        return layout

    def _number_arrays(self, key: tuple[Any, ...], values: tuple[float, ...]) -> tuple[Array, ...]:
        """The numbers as 0-d arrays of the parameters' backend and dtype: the same arrays at every step, new values."""
        known = self._numbers.get(key)
        if known is not None and known[0] == values:
            return known[2]
        home, dtype = key[1]
        fresh = home.asarray(values, dtype)
        if known is None:
            known = values, fresh, tuple([fresh[k, ...] for k in range(len(values))])
        else:
            known[1][...] = fresh
        self._numbers[key] = values, known[1], known[2]
        return known[2]

    def _note(self, layout: Layout, live: list[int]) -> None:
        """Counts the step, and notes which memory has changed."""
        name = f"{type(self).__name__}.step"
        if len(live) == len(layout.slots):
            layout.steps += 1
        for k in live:
            slot = layout.slots[k]
            assert slot is not None
            if len(live) != len(layout.slots):
                slot.step += 1
            record_change(slot.array, name)
            if slot.fresh:
                slot.fresh = False
                self._publish(slot, layout.names)

    def _publish(self, slot: Slot, names: tuple[str, ...]) -> None:
        """Lets a slot's states be seen in `state`."""
        state = self.state[slot.parameter]
        if self._counts:
            state["step"] = from_array(slot.step)
        state.update(zip(names, slot.tensors, strict=True))

    # State

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without the buffers it works in, which are made anew."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_layouts", "_numbers")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _layouts={}, _numbers={})

    def state_dict(self) -> dict[str, Any]:
        """The state and the settings, with the parameters numbered through all groups: `{"state": {0: {...}, ...},
        "param_groups": [{..., "params": [0, 1]}, ...]}`. The tensors share the optimizer's memory; `cr.save` writes
        them."""
        places = {p: k for k, p in enumerate(self._all_parameters())}
        groups = [{**g, "params": [places[p] for p in g["params"]]} for g in self.param_groups]
        state = {places[p]: dict(held) for p, held in self.state.items() if held and p in places}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes state and settings from what `state_dict` returned, of an optimizer of the same algorithm over
        parameters of the same shapes in the same groups. The tensors are copied, cast and moved to where the parameters
        are.

        Raises:
            ValueError: groups, parameters or shapes do not fit. The optimizer is unchanged then.
            KeyError: it has no `"state"` or no `"param_groups"`, or lacks a setting or a state of this algorithm: it
                is another's.
        """
        groups, held = state_dict["param_groups"], state_dict["state"]
        ours, theirs = [len(g["params"]) for g in self.param_groups], [len(g["params"]) for g in groups]
        if ours != theirs:
            raise ValueError(
                f"load_state_dict: the optimizer has groups of {ours} parameters, the state dict groups of {theirs}"
            )
        places = dict(zip([k for g in groups for k in g["params"]], self._all_parameters(), strict=True))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for k, entries in held.items():
            if k not in places:
                raise ValueError(f"load_state_dict: there is a state for parameter {k}, which is in no group")
            state[places[k]] = {name: _fitted(k, name, value, places[k]) for name, value in entries.items()}
        merged = [{**g, **new, "params": g["params"]} for g, new in zip(self.param_groups, groups, strict=True)]
        for group in merged:
            self.check(group)
            for parameter in group["params"]:
                if state.get(parameter):
                    self._expect("a parameter", "state", self.state_names(group), state[parameter])
        for k, group in enumerate(groups):
            self._expect(f"group {k}", "setting", self.defaults, group)
        self.param_groups[:] = merged
        self.state = state
        self._layouts.clear()

    def _expect(self, where: str, what: str, names: Iterable[str], given: dict[str, Any]) -> None:
        """Raises unless a state dict holds all of `names`."""
        for name in names:
            if name not in given:
                raise KeyError(
                    f"load_state_dict: {where} has no {what} {name!r}, which {type(self).__name__} needs; the state "
                    f"dict has {', '.join(map(repr, given))} there: is it another optimizer's?"
                )

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for k, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {k}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def _fitted(k: int, name: str, value: Any, parameter: Tensor) -> Any:
    """A copy of a state for a parameter."""
    if not isinstance(value, Tensor):
        return value
    if name == "step":
        return value.detach().to("cpu", dtypes.float32, copy=True)
    if value.shape != parameter.shape:
        raise ValueError(
            f"load_state_dict: {name} of parameter {k} has shape {value.shape}, the parameter {parameter.shape}"
        )
    return value.detach().to(parameter.device, parameter.dtype, copy=True)


def decayed(xp: Any, g: Array, p: Array, weight_decay: Array | None, maximize: bool, spare: Array) -> Array:
    """The gradient of what is minimised: negated to maximise, with `weight_decay * p` of the penalty added. It is in
    `spare`, or `g` itself."""
    if weight_decay is not None:
        xp.multiply(p, weight_decay, spare)
        return xp.subtract(spare, g, spare) if maximize else xp.add(spare, g, spare)
    return xp.negative(g, spare) if maximize else g


def refuse_unless(name: str, **settings: tuple[Any, bool]) -> None:
    """Raises for the first setting that is out of its range: `lr=(lr, lr >= 0)`.

    Raises:
        ValueError: it names the optimizer, the setting and its value.
    """
    for setting, (value, fine) in settings.items():
        if not fine:
            raise ValueError(f"{name}: {setting} is out of its range, got {value!r}")


__all__ = ["Optimizer", "Params", "decayed", "refuse_unless"]
