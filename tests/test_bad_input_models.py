"""Bad input to losses, modules, optimizers, data and drawings. Where something could be half-done, it is compared with
what it was, to the last bit: parameters, gradients, optimizer states, versions. (Files: test_bad_input_files.py.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from refusals import refused, snapshot

import chainrule as cr
from chainrule import nn, optim
from chainrule.backends import Backend

V, T, I, R = ValueError, TypeError, IndexError, RuntimeError

LOSSES = [
    *(
        (f"F.{name}(z(3, 1), z(3))", V, name, "(3, 1)", "(3,)", "does not broadcast")
        for name in (
            "mse_loss",
            "l1_loss",
            "smooth_l1_loss",
            "huber_loss",
            "kl_div",
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
        )
    ),
    ("nn.MSELoss()(z(3), z(1))", V, "(3,)", "(1,)"),
    ("F.mse_loss(z(3), [1, 2, 3])", T, "mse_loss", "list"),
    ("F.mse_loss(z(3), None)", T, "mse_loss", "NoneType"),
    ("F.mse_loss(i(1, 2), i(1, 2))", T, "mse_loss", "int64", ".float()"),
    ("F.mse_loss(z(3), z(3), reduction='avg')", V, "mse_loss", "'avg'", "'mean'"),
    ("nn.CrossEntropyLoss(reduction='x')", V, "CrossEntropyLoss", "'x'"),
    ("F.smooth_l1_loss(z(3), z(3), beta=-1.0)", V, "beta", "-1.0"),
    ("F.huber_loss(z(3), z(3), delta=0.0)", V, "delta", "0.0"),
    ("F.binary_cross_entropy(o(3), z(3), weight=z(4))", V, "weight", "(4,)", "(3,)"),
    ("F.binary_cross_entropy_with_logits(z(3), z(3), weight='a')", T, "binary_cross_entropy_with_logits", "str"),
    ("F.binary_cross_entropy_with_logits(z(3), z(3), pos_weight=z(4))", V, "(4,)", "(3,)"),
    ("F.cross_entropy(z(3, 4), z(3))", T, "integers", "float32", "(3, 4)"),
    ("F.cross_entropy(z(3, 4), i(0, 1))", V, "(3, 4)", "must have shape (3,)", "(2,)"),
    ("F.cross_entropy(z(3, 4), t([[0], [1], [2]]))", V, "(3, 1)"),
    ("F.cross_entropy(z(3, 4), b(1, 0, 1))", T, "integers", "bool"),
    ("F.cross_entropy(z(()), i(0))", V, "0-d"),
    ("F.cross_entropy(z(3, 0), i(0, 0, 0))", V, "(3, 0)", "no classes"),
    ("F.cross_entropy(z(3, 4), [0, 1, 2])", T, "cross_entropy", "list"),
    ("F.cross_entropy('a', i(0))", T, "cross_entropy", "str"),
    ("F.cross_entropy(i(1, 2).view(1, 2), i(0))", T, "scores", "int64"),
    ("F.cross_entropy(z(3, 4), i(0, 1, 2), weight=z(3))", V, "weights of shape (4,)", "(3,)"),
    ("F.cross_entropy(z(3, 4), i(0, 1, 2), label_smoothing=2.0)", V, "label_smoothing", "2.0"),
    ("F.cross_entropy(z(3, 4), i(0, 1, 2), ignore_index='a')", T, "ignore_index", "'a'"),
    ("F.nll_loss(z(3, 4), z(3))", T, "nll_loss", "integers", "float32"),
    ("F.nll_loss('a', 'b')", T, "nll_loss", "str"),
    ("F.dropout(z(3), 2.0)", V, "dropout", "[0, 1]", "2.0"),
    ("F.dropout(i(1, 2))", T, "dropout", "int64"),
    ("nn.Dropout(-0.1)", V, "Dropout", "-0.1"),
    ("F.hardtanh(z(3), 1.0, -1.0)", V, "hardtanh", "1.0 and -1.0"),
    ("F.gelu(z(3), approximate='x')", R, "gelu", "'x'", "'tanh'"),
    ("F.normalize(z(3), dim=4)", I, "dimension 4"),
    ("nn.init.uniform_(z(3), 2.0, 1.0)", V, "uniform_", "2.0 and 1.0"),
    ("nn.init.normal_(i(1))", T, "int64", "floating"),
    ("nn.init.uniform_([1.0])", T, "list"),
    ("nn.init.constant_(z(3), None)", T, "constant_", "NoneType"),
    ("nn.init.ones_('a')", T, "ones_", "str"),
    ("nn.init.eye_(z(3))", V, "eye_", "(3,)"),
    ("nn.init.xavier_uniform_(z(3))", V, "(out, in, ...)", "(3,)"),
    ("nn.init.kaiming_normal_(z(3, 3), mode='x')", V, "'fan_in'", "'x'"),
    ("nn.init.calculate_gain('x')", V, "'x'", "relu"),
    ("nn.utils.clip_grad_norm_([3], 1.0)", T, "parameters", "int"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in LOSSES])
def test_losses_and_initialisers(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


@pytest.mark.parametrize("line", ["F.cross_entropy(z(3, 4), i(0, 1, 4))", "F.cross_entropy(z(3, 4), i(0, 1, -1))",
                                  "F.nll_loss(z(3, 4), i(0, 7, 1))"])  # fmt: skip
def test_classes_out_of_range(line: str, backend: Backend) -> None:
    if backend.device_type == "cpu":
        refused(line, IndexError, "out of range", "4 classes", "0 to 3", "-100")
    else:  # looking would mean waiting
        assert np.isnan(eval(line, {"F": nn.functional, "z": cr.zeros, "i": lambda *v: cr.tensor(v)}).item())


@pytest.mark.parametrize("line", ["F.binary_cross_entropy(z(3) + 2, z(3))", "F.binary_cross_entropy(z(3), z(3) - 1)"])
def test_probabilities_out_of_range_on_the_host(line: str) -> None:
    refused(line, ValueError, "binary_cross_entropy", "[0, 1]")


# Modules

MODULES = [
    ("nn.Linear(3, -1)", V, "Linear", "-1"),
    ("nn.Linear(3.5, 4)", T, "in_features", "3.5"),
    ("nn.Linear(3, 4, dtype=cr.int64)", R, "int64"),
    ("nn.Linear(3, 4, device='nonsense')", V, "'nonsense'"),
    ("nn.Sequential(nn.ReLU(), 'a')", T, "str"),
    ("nn.Sequential({3: nn.ReLU()})", T, "name", "int"),
    ("nn.Sequential(nn.ReLU())[3]", I, "position 3", "1 modules"),
    ("nn.ModuleList([nn.ReLU()])(z(3))", NotImplementedError, "ModuleList", "forward"),
    ("nn.ModuleDict({'a.b': nn.ReLU()})", KeyError, "'a.b'", "dot"),
    ("nn.ModuleDict({'forward': nn.ReLU()})", KeyError, "'forward'"),
    ("nn.Module()(3)", NotImplementedError, "no forward"),
    ("nn.Module().register_parameter('x', z(3))", T, "'x'", "nn.Parameter", "Tensor"),
    ("nn.Module().register_parameter('a.b', None)", KeyError, "'a.b'"),
    ("nn.Module().register_parameter(3, None)", T, "string", "int"),
    ("nn.Module().register_buffer('x', 3)", T, "'x'", "tensor or None", "int"),
    ("nn.Module().register_buffer('training', z(3))", KeyError, "'training'"),
    ("nn.Module().register_module('x', 3)", T, "'x'", "int"),
    ("m.weight = 3", T, "'weight'", "nn.Parameter", ".data"),
    ("m.weight = z(3, 2)", T, "'weight'", "Tensor"),
    ("m.get_submodule('a.b')", AttributeError, "'a'", "'a.b'"),
    ("m.get_submodule('weight')", AttributeError, "Linear", "'weight'"),
    ("m.get_parameter('a.b')", AttributeError, "'a'"),
    ("m.get_parameter('wieght')", AttributeError, "'wieght'"),
    ("m.get_buffer('weight')", AttributeError, "buffer", "'weight'"),
    ("m.wieght", AttributeError, "'Linear'", "'wieght'"),
    ("m.train('a')", V, "train", "'a'"),
    ("m.to(cr.int64)", T, "floating", "int64"),
    ("m.to('nonsense')", V, "'nonsense'"),
    ("m.type(cr.int64)", R, "int64", "floating"),
    ("m.requires_grad_('a')", T, "'a'"),
    ("m.register_forward_hook(3)", T, "hook", "int"),
    ("m.register_full_backward_hook('a')", T, "hook", "str"),
    ("m.load_state_dict([1])", T, "mapping", "list"),
    ("m.load_state_dict({})", R, "Linear", "missing: weight, bias"),
    ("m.load_state_dict({'weight': o(3, 2), 'bias': o(3), 'more': z(1)})", R, "unexpected: more"),
    ("m.load_state_dict({'weight': o(3, 2), 3: o(3)})", R, "missing: bias", "unexpected: 3"),
    ("m.load_state_dict({'weight': o(2, 3), 'bias': o(4)})", R, "weight: shape (2, 3), the module has (3, 2)", "(4,)"),
    ("m.load_state_dict({'weight': o(3, 2), 'bias': o(4)}, strict=False)", R, "bias: shape (4,), the module has (3,)"),
    ("m.load_state_dict({'weight': o(3, 2), 'bias': 'a'})", R, "bias: str is no tensor"),
    ("m.load_state_dict({'weight': [[1.0, 2.0]] * 3, 'bias': o(3)})", R, "weight: list is no tensor"),
    ("m.load_state_dict({'weight': o(3, 2), 'bias': o(3) * 1j})", R, "bias: dtype complex64", "float32"),
    ("m.load_state_dict({'weight': o(3, 2), 'bias': i(1, 2, 3)}, assign=True)", R, "bias: dtype int64"),
]


def states(*modules: nn.Module) -> list[Any]:
    return [(name, snapshot(p)) for m in modules for name, p in (*m.named_parameters(), *m.named_buffers())]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in MODULES])
def test_modules(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    m = nn.Linear(2, 3)
    m(cr.ones(2)).sum().backward()
    before, attributes = states(m), set(vars(m))
    refused(line, kind, *words, m=m)
    assert states(m) == before and set(vars(m)) <= attributes | {"_hooks"} and m.training


def test_a_conversion_that_fails_on_the_way_changes_nothing(backend: Backend) -> None:
    m = nn.Sequential(nn.Linear(2, 3).requires_grad_(False), nn.Linear(3, 1))
    m(cr.ones(2)).sum().backward()
    before = states(m)
    with pytest.raises(RuntimeError, match="cannot become int32"):
        m.type(cr.int32)  # the first layer could be converted
    assert states(m) == before


def test_modules_assigned_too_early() -> None:
    class Net(nn.Module):
        def __init__(self, value: Any) -> None:
            self.value = value
            super().__init__()

    for value in (nn.ReLU(), nn.Parameter(cr.zeros(1))):
        with pytest.raises(AttributeError, match=r"before Net calls super\(\).__init__\(\)"):
            Net(value)


def test_containers_take_all_or_nothing() -> None:
    row, named = nn.Sequential(nn.ReLU()), nn.ModuleDict({"a": nn.ReLU()})
    for call in (lambda: row.extend([nn.Tanh(), 3]), lambda: row.append("x"), lambda: row.insert(0, 3)):
        with pytest.raises(TypeError, match="got (int|str)"):
            call()
    for wrong in ({"b": nn.Tanh(), "c": 3}, {"b": nn.Tanh(), "keys": nn.ReLU()}):
        with pytest.raises((TypeError, KeyError), match="'c'|'keys'"):
            named.update(wrong)
    assert len(row) == 1 and list(named) == ["a"]


BACKWARD_HOOKS = {
    "a number": lambda m, gi, go: 3,
    "too many": lambda m, gi, go: (gi[0], gi[0]),
    "another shape": lambda m, gi, go: (cr.ones(7),),
    "another dtype": lambda m, gi, go: (gi[0].double(),),
}


@pytest.mark.parametrize("hook", BACKWARD_HOOKS)
def test_module_hooks_that_return_what_is_no_gradient(hook: str, backend: Backend) -> None:
    m, x = nn.Linear(2, 3), cr.ones(1, 2, requires_grad=True)
    m.register_full_backward_hook(BACKWARD_HOOKS[hook])
    with pytest.raises(RuntimeError, match="hook"):
        m(x).sum().backward()
    assert x.grad is None and m.weight.grad is None and m.bias.grad is None


# Optimizers

OPTIMIZERS = [
    ("optim.SGD([], lr=0.1)", V, "SGD", "no parameters"),
    ("optim.SGD(3, lr=0.1)", T, "SGD", "int"),
    ("optim.SGD(None)", T, "SGD", "NoneType"),
    ("optim.Adam([3])", T, "Adam", "int", "parameter 0"),
    ("optim.Adam(['a'])", T, "str"),
    ("optim.SGD([w(1), {'params': [w(1)]}])", T, "dict", "parameter 1"),
    ("optim.SGD([{'lr': 3}])", KeyError, "'params'"),
    ("optim.SGD([{'params': {w(1)}}])", T, "set", "order"),
    ("optim.SGD([w(1) * 2])", V, "MulBackward", "leaves", "detach()"),
    ("x = w(1); optim.SGD([x, x])", V, "parameter 1", "twice"),
    ("x = w(1); optim.SGD([{'params': [x]}, {'params': [x]}])", V, "twice"),
    ("optim.SGD([w(1)], lr=0.1, nesterov=True)", V, "Nesterov", "momentum"),
    *((f"optim.{name}([w(1)], lr={lr})", V, name, "lr", lr) for lr in ("-1.0", "nan")
      for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax")),
    *((f"optim.{name}([w(1)], lr={lr})", T, name, "setting", f"lr={lr}") for lr in ("'a'", "None")
      for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax")),
    ("optim.SGD([w(1)], momentum=nan)", V, "SGD", "momentum", "nan"),
    ("optim.SGD([w(1)], weight_decay=-1.0)", V, "weight_decay", "-1.0"),
    ("optim.Adam([w(1)], betas=(1.0, 0.9))", V, "Adam", "betas", "(1.0, 0.9)"),
    ("optim.Adam([w(1)], betas=(0.9, nan))", V, "betas"),
    ("optim.Adam([w(1)], eps=-1)", V, "eps", "-1"),
    ("optim.RMSprop([w(1)], alpha=-1)", V, "alpha", "-1"),
    ("optim.Adagrad([w(1)], initial_accumulator_value=-1)", V, "initial_accumulator_value"),
    ("optim.Adamax([w(1)], betas=(1.0, 0.9))", V, "betas"),
    ("a.add_param_group({'params': [w(2)], 'lr': -1})", V, "lr", "-1"),
    ("a.add_param_group({'params': [w(2), 3]})", T, "int", "parameter 1"),
    ("a.add_param_group([w(2)])", T, "dict", "list"),
    ("a.load_state_dict({})", KeyError, "param_groups"),
    ("a.load_state_dict({'state': {}, 'param_groups': []})", V, "groups of [2]", "[]"),
    ("a.load_state_dict({'state': {}, 'param_groups': [{'params': [0]}]})", V, "[2]", "[1]"),
    ("a.load_state_dict({'state': {}, 'param_groups': [{'params': [0, 1], 'lr': -1}]})", V, "lr", "-1"),
    ("a.load_state_dict({'state': {7: {}}, 'param_groups': [{'params': [0, 1]}]})", V, "parameter 7"),
    ("a.load_state_dict({'state': {1: {'exp_avg': z(9)}}, 'param_groups': [{'params': [0, 1]}]})", V, "exp_avg",
     "parameter 1", "(9,)", "(2,)"),
    ("optim.lr_scheduler.StepLR(3, 3)", T, "StepLR", "int"),
    ("optim.lr_scheduler.LambdaLR(a, [abs, abs])", V, "LambdaLR", "1 groups", "2"),
    ("optim.lr_scheduler.StepLR(a, 3, last_epoch=5)", KeyError, "initial_lr", "group 0"),
]  # fmt: skip


def trained() -> tuple[list[Any], optim.Adam]:
    parameters = [cr.ones(3, requires_grad=True), cr.ones(2, requires_grad=True)]
    adam = optim.Adam(parameters, lr=0.1)
    sum((p * p).sum() for p in parameters).backward()
    adam.step()
    return parameters, adam


def state_of(parameters: list[Any], adam: optim.Adam) -> Any:
    held = [{name: snapshot(value) for name, value in adam.state[p].items()} for p in parameters]
    groups = [{**group, "params": [id(p) for p in group["params"]]} for group in adam.param_groups]
    return [snapshot(p) for p in parameters], held, groups


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in OPTIMIZERS])
def test_optimizers(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    parameters, adam = trained()
    before = state_of(parameters, adam)
    refused(line, kind, *words, a=adam)
    assert state_of(parameters, adam) == before


@pytest.mark.parametrize("wrong", ["gradient", "read-only", "learning rate", "closure"])
def test_a_step_that_fails_changes_nothing(wrong: str, backend: Backend) -> None:
    parameters, adam = trained()
    adam.add_param_group({"params": [cr.ones(4, requires_grad=True)]})
    parameters.append(adam.param_groups[1]["params"][0])
    parameters[2].grad = cr.ones(4)
    closure = None
    if wrong == "gradient":
        parameters[2].data = cr.ones(5)
    elif wrong == "read-only":
        if backend.name != "numpy":
            pytest.skip("a device's memory can always be written")
        parameters[2].array.flags.writeable = False
    elif wrong == "learning rate":
        adam.param_groups[1]["lr"] = "fast"
    else:

        def closure() -> Any:
            raise ValueError("the loss failed")

    before = state_of(parameters, adam)
    with pytest.raises((RuntimeError, ValueError, TypeError), match="gradient|cannot be written|fast|the loss failed"):
        adam.step(closure)
    assert state_of(parameters, adam) == before


def test_a_schedule_whose_function_fails_stays_where_it_was() -> None:
    _, adam = trained()
    schedule = optim.lr_scheduler.LambdaLR(adam, lambda epoch: 1 / (2 - epoch))
    schedule.step()
    with pytest.raises(ZeroDivisionError):
        schedule.step()
    assert schedule.last_epoch == 1 and adam.param_groups[0]["lr"] == 0.1


# Data and drawings


@pytest.mark.parametrize(("line", "kind", "words"), [
    ("d.TensorDataset()", V, ["one tensor or more"]),
    ("d.TensorDataset(z(3), z(4))", V, ["[3, 4]"]),
    ("d.TensorDataset(z(()))", V, ["one dimension"]),
    ("d.TensorDataset([1, 2])", T, ["list", "cr.tensor"]),
    ("d.TensorDataset(z(3))[5]", I, ["(3,)"]),
    ("d.DataLoader(3)", T, ["DataLoader", "int"]),
    *[(f"d.DataLoader([1, 2], batch_size={n})", V, ["batch_size", n]) for n in ("0", "-1", "1.5", "'a'", "True")],
    ("list(d.DataLoader([1, 2], shuffle=True, generator=3))", T, ["generator", "int"]),
    ("list(d.DataLoader([z(2), z(3)], batch_size=2))", V, ["(2,)", "(3,)"]),
    ("list(d.DataLoader([(1, 2), (1,)], batch_size=2))", V, ["one length", "[2, 1]"]),
    ("list(d.DataLoader([{'a': 1}, {'b': 1}], batch_size=2))", V, ["keys", "'a'"]),
    ("list(d.DataLoader([1, 'a'], batch_size=2))", T, ["str"]),
    *[(f"d.random_split([1, 2, 3], {n})", V, ["random_split", "3"]) for n in (
        "[1, 1]", "[2, 2]", "[]", "[-1, 4]", "[0.5, 0.6]", "[1.5, -0.5]", "[1.5, 1.5]", "[nan, 1.0]")],
    ("d.random_split([1, 2, 3], ['a'])", T, ["random_split", "'a'"]),
    ("d.random_split(3, [1])", T, ["random_split", "int"]),
    ("cr.visualize(3)", T, ["visualize", "int"]),
    ("cr.visualize('a')", T, ["str"]),
    ("cr.visualize(nn.ReLU())", T, ["ReLU"]),
    ("cr.visualize([])", V, ["no tensor"]),
    ("cr.visualize([z(1), 3])", T, ["int"]),
    ("cr.visualize({'a': 3})", T, ["int"]),
    ("cr.visualize(z(1), params=3)", T, ["params", "int"]),
    ("cr.visualize(z(1), params=[3])", T, ["params", "int"]),
    ("cr.visualize(z(1), direction='up')", V, ["'up'", "'TB'"]),
    ("cr.visualize(z(1), depth=-1)", V, ["depth", "-1"]),
    ("cr.visualize(z(1), max_nodes=1.5)", V, ["max_nodes", "1.5"]),
    ("cr.visualize(w(3) * 2, show_gradients=True)", R, ["(3,)", ".sum()"]),
    ("y = (w(3) * 2).sum(); y.backward(); cr.visualize(y, show_gradients=True)", R, ["freed", "retain_graph=True"]),
])  # fmt: skip
def test_data_and_drawings(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words, d=cr.data)
