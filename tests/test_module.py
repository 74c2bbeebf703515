"""Modules: what is registered where, state, modes, conversion, hooks, text, containers, and the layers themselves."""

from __future__ import annotations

import copy
import inspect
import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr
from chainrule import nn
from chainrule.backends import Backend
from chainrule.nn import functional as F


def host(tensor: Any) -> np.ndarray:
    return tensor.backend.to_host(tensor.array)


def net_of(lib: Any) -> Any:
    """A network with everything in it: nested, shared, with buffers of both kinds and a parameter left out."""

    class Block(lib.nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.linear = lib.nn.Linear(size, size, bias=False)
            self.register_buffer("count", lib.zeros(1))
            self.register_buffer("scratch", lib.ones(2), persistent=False)
            self.register_parameter("left_out", None)

        def forward(self, x: Any) -> Any:
            return lib.relu(self.linear(x)) + x

    class Net(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = lib.nn.ModuleList([Block(4), Block(4)])
            self.heads = lib.nn.ModuleDict({"a": lib.nn.Linear(4, 2), "b": lib.nn.Linear(4, 3)})
            self.scale = lib.nn.Parameter(lib.ones(4))
            self.shared = self.blocks[0]
            self.size = 4

        def forward(self, x: Any) -> Any:
            for block in self.blocks:
                x = block(x)
            return self.heads["a"](x * self.scale)

    return Net()


# What is registered


def test_names_are_pytorchs(backend: Backend) -> None:
    ours, theirs = net_of(cr), net_of(torch)
    for method in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, method)()] == [n for n, _ in getattr(theirs, method)()], method
        if method != "named_children":
            apart = dict(remove_duplicate=False)
            assert [n for n, _ in getattr(ours, method)(**apart)] == [n for n, _ in getattr(theirs, method)(**apart)]
    for method in ("named_parameters", "named_buffers"):
        for settings in (dict(prefix="top"), dict(recurse=False), dict(prefix="top", recurse=False)):
            mine, yours = ([n for n, _ in getattr(net, method)(**settings)] for net in (ours, theirs))
            assert mine == yours
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.state_dict(prefix="x.")) == list(theirs.state_dict(prefix="x."))
    assert len(list(ours.parameters())) == len(list(theirs.parameters()))
    assert len(list(ours.modules())) == len(list(theirs.modules()))
    assert len(list(ours.children())) == len(list(theirs.children()))
    assert ours.num_parameters() == sum(p.numel() for p in theirs.parameters()) == 61
    ours.scale.requires_grad_(False)
    assert ours.num_parameters(only_trainable=True) == 57


def test_text_is_pytorchs() -> None:
    def variety(lib: Any) -> Any:
        L = lib.nn
        simple = [
            *(L.Linear(3, 4), L.Linear(4, 4, bias=False), L.Flatten(), L.Unflatten(1, (2, 2)), L.Dropout(0.3)),
            *(L.LeakyReLU(0.2, inplace=True), L.ELU(2.0), L.GELU("tanh"), L.Softmax(dim=1), L.LogSoftmax(dim=-1)),
            *(L.Softplus(2.0), L.Hardtanh(-2.0, 3.0), L.ReLU6(True), L.ReLU(), L.ReLU(inplace=True), L.SiLU()),
            *(L.Identity(5), L.ModuleList(), L.Sequential()),
        ]
        return L.Sequential(
            OrderedDict(
                simple=L.Sequential(*simple),
                list=L.ModuleList([L.Linear(2, 2), L.Linear(2, 2), L.ReLU(), L.Linear(2, 2)]),
                dict=L.ModuleDict({"x": L.Tanh(), "y": L.Sigmoid()}),
                inner=L.Sequential(L.LogSigmoid()),
            )
        )

    assert repr(variety(cr)) == repr(variety(torch))
    assert repr(net_of(cr)) == repr(net_of(torch))


def test_parameters_read_as_pytorchs() -> None:
    assert repr(nn.Parameter(cr.tensor([1.0, 2.0]))) == repr(torch.nn.Parameter(torch.tensor([1.0, 2.0])))
    assert repr(nn.Parameter(cr.tensor([1.0]), False)) == repr(torch.nn.Parameter(torch.tensor([1.0]), False))


def test_a_parameter_is_a_leaf_whose_results_are_tensors(backend: Backend) -> None:
    source = cr.ones(3)
    p = nn.Parameter(source)
    assert isinstance(p, cr.Tensor) and p.requires_grad and p.is_leaf and p.array is source.array
    for result in (p + 1, 1 + p, p * p, p.sum(), p[0], p.T, -p, p.detach(), p.data, p.clone()):
        assert type(result) is cr.Tensor
    (p * 2).sum().backward()
    assert type(p.grad) is cr.Tensor
    assert type(copy.deepcopy(p)) is nn.Parameter and copy.deepcopy(p).requires_grad
    assert not nn.Parameter(cr.ones(2), requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)
    assert not nn.Parameter(cr.tensor([1, 2]), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="only floating-point and complex tensors can require a gradient"):
        nn.Parameter(cr.tensor([1, 2]))


def test_assignment_sorts_values() -> None:
    m = nn.Module()
    m.w, m.child, m.number = nn.Parameter(cr.ones(2)), nn.ReLU(), 3
    m.register_buffer("b", cr.zeros(2))
    assert list(m._parameters) == ["w"] and list(m._modules) == ["child"] and list(m._buffers) == ["b"]
    assert vars(m)["number"] == 3
    assert {"w", "child", "b", "number"} <= set(dir(m))
    m.b = cr.ones(2)
    assert list(m._buffers) == ["b"] and (host(m.b) == 1).all()
    m.w = None
    assert m.w is None and "w" in m._parameters and not list(m.parameters())
    m.w = nn.Parameter(cr.zeros(1))
    m.number = nn.Parameter(cr.zeros(1))  # what was an ordinary attribute becomes a parameter
    assert "number" not in vars(m) and list(m._parameters) == ["w", "number"]
    m.number = nn.Tanh()
    assert list(m._parameters) == ["w"] and isinstance(m.number, nn.Tanh)
    del m.number, m.w, m.b
    assert not hasattr(m, "number") and not hasattr(m, "w") and not hasattr(m, "b")
    m.plain = 1
    del m.plain
    with pytest.raises(AttributeError):
        del m.plain
    m.t = cr.ones(2)  # a plain tensor is an ordinary attribute
    assert not list(m.buffers()) and "t" in vars(m)


def test_wrong_assignments_are_refused() -> None:
    m = nn.Module()
    m.w, m.child = nn.Parameter(cr.ones(2)), nn.ReLU()
    m.register_buffer("b", cr.zeros(2))
    with pytest.raises(TypeError, match="parameter 'w' must be an nn.Parameter or None, got Tensor; wrap it"):
        m.w = cr.ones(2)
    with pytest.raises(TypeError, match="buffer 'b' must be a tensor or None, got int"):
        m.b = 3
    with pytest.raises(TypeError, match="submodule 'child' must be a module or None, got str"):
        m.child = "relu"
    with pytest.raises(TypeError, match="must be an nn.Parameter or None, got Tensor"):
        m.register_parameter("v", cr.ones(2))
    with pytest.raises(TypeError, match="must be a tensor or None, got list"):
        m.register_buffer("v", [1.0])
    with pytest.raises(TypeError, match="must be a module or None, got int"):
        m.add_module("v", 3)
    names = [("", "cannot be empty"), ("a.b", "contain a dot"), ("training", "has an attribute 'training'")]
    for name, message in names:
        for register, value in [(m.register_parameter, None), (m.register_buffer, None), (m.add_module, None)]:
            with pytest.raises(KeyError, match=message):
                register(name, value)
    with pytest.raises(TypeError, match="is a string, got int"):
        m.register_buffer(3, None)
    with pytest.raises(ValueError, match="was computed by <MulBackward>; a parameter is a leaf"):
        computed = nn.Parameter(cr.ones(1))
        computed._edge = (cr.ones(1, requires_grad=True) * 2)._edge
        m.register_parameter("v", computed)
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'missing'"):
        m.missing

    class Early(nn.Module):
        def __init__(self, value: Any) -> None:
            self.early = value

    for value in (nn.Parameter(cr.ones(1)), nn.ReLU()):
        with pytest.raises(AttributeError, match=r"before Early calls super\(\).__init__\(\)"):
            Early(value)
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        m(1)


def test_looking_up_by_dotted_name() -> None:
    net = net_of(cr)
    assert net.get_submodule("blocks.1.linear") is net.blocks[1].linear
    assert net.get_submodule("") is net
    assert net.get_parameter("heads.a.bias") is net.heads["a"].bias
    assert net.get_buffer("blocks.0.count") is net.blocks[0].count
    for look, target in [
        (net.get_submodule, "blocks.7"),
        (net.get_submodule, "scale"),
        (net.get_parameter, "blocks.0.count"),
        (net.get_parameter, "blocks.0.left_out"),
        (net.get_buffer, "scale"),
    ]:
        with pytest.raises(AttributeError, match=target):
            look(target)


# State


def test_state_goes_round(backend: Backend) -> None:
    one, two = net_of(cr), net_of(cr)
    state = one.state_dict()
    assert state["scale"].array is one.scale.array and not state["scale"].requires_grad
    assert one.state_dict(keep_vars=True)["scale"] is one.scale
    arrays = {name: p.array for name, p in two.named_parameters()}
    assert two.load_state_dict(state) == ([], [])
    for (name, p), (_, q) in zip(one.named_parameters(), two.named_parameters(), strict=True):
        np.testing.assert_array_equal(host(p), host(q))
        assert q.array is arrays[name], "the memory was exchanged"
    x = cr.rand(3, 4)
    np.testing.assert_array_equal(host(one(x)), host(two(x)))


def test_state_is_cast_and_moved() -> None:
    net = nn.Linear(3, 2).double()
    with cr.use_backend("standin"):
        source = nn.Linear(3, 2)
    net.load_state_dict(source.state_dict())
    assert net.weight.dtype == cr.float64 and net.weight.backend.name == "numpy"
    np.testing.assert_array_equal(host(net.weight), host(source.weight).astype("float64"))
    net.load_state_dict({"weight": np.ones((2, 3), "float32"), "bias": np.zeros(2)})  # arrays are fine too
    assert (host(net.weight) == 1).all()


@pytest.mark.parametrize("assign", [False, True])
def test_a_state_that_does_not_fit_changes_nothing(assign: bool, backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    before = {name: (p, p.array, host(p).copy()) for name, p in net.named_parameters()}
    good = {name: cr.zeros(*p.shape) for name, p in net.named_parameters()}
    cases: list[tuple[Any, bool, tuple[str, ...]]] = [
        ({k: v for k, v in good.items() if k != "0.bias"}, True, ("missing: 0.bias",)),
        ({**good, "3.weight": cr.zeros(1)}, True, ("unexpected: 3.weight",)),
        ({**good, "2.bias": cr.zeros(2)}, False, (r"do not fit: 2.bias: shape \(2,\), the module has \(1,\)",)),
        ({**good, "2.bias": cr.zeros(1, dtype=cr.complex64)}, True, ("2.bias: dtype complex64",)),
        ({**good, "2.bias": "text"}, True, ("2.bias: str is no tensor",)),
        (
            {"2.weight": cr.zeros(1, 1), "x": cr.zeros(1)},
            True,
            ("missing: 0.weight, 0.bias, 2.bias", "unexpected: x", "do not fit: 2.weight"),
        ),
    ]
    for state, strict, messages in cases:
        for message in messages:
            with pytest.raises(RuntimeError, match=message) as caught:
                net.load_state_dict(state, strict, assign)
            assert "does not fit Sequential" in str(caught.value)
    with pytest.raises(TypeError, match="expected a mapping of names to tensors, got list"):
        net.load_state_dict([1])
    for name, p in net.named_parameters():
        kept, array, values = before[name]
        assert p is kept and p.array is array
        np.testing.assert_array_equal(host(p), values)


def test_loading_what_is_there(backend: Backend) -> None:
    net = nn.Linear(2, 1)
    result = net.load_state_dict({"weight": cr.ones(1, 2), "more": cr.ones(1)}, strict=False)
    assert result.missing_keys == ["bias"] and result.unexpected_keys == ["more"]
    assert (host(net.weight) == 1).all()
    many = {f"x{k}": cr.ones(1) for k in range(30)}
    with pytest.raises(RuntimeError, match="x19, and 10 more"):
        net.load_state_dict(many)


def test_loading_by_assignment_takes_the_memory(backend: Backend) -> None:
    net = nn.Linear(2, 1)
    weight, given = net.weight, {"weight": cr.ones(1, 2, dtype=cr.float64), "bias": cr.zeros(1, dtype=cr.float64)}
    net.load_state_dict(given, assign=True)
    assert net.weight is weight and weight.array is given["weight"].array and weight.requires_grad
    with pytest.raises(RuntimeError, match="dtype int64 cannot require a gradient"):
        net.load_state_dict({"weight": cr.ones(1, 2, dtype=cr.int64), "bias": cr.zeros(1)}, assign=True)


def test_memory_that_cannot_be_written_is_not_loaded_into() -> None:
    net, array = nn.Linear(2, 1), np.ones((1, 2), "float32")
    array.flags.writeable = False
    net.weight.data = cr.from_numpy(array)
    kept = host(net.bias).copy()
    with pytest.raises(RuntimeError, match="weight: the module's tensor is in read-only memory"):
        net.load_state_dict({"bias": cr.ones(1), "weight": cr.zeros(1, 2)})
    np.testing.assert_array_equal(host(net.bias), kept)


def test_loading_makes_older_graphs_stale(backend: Backend) -> None:
    net = nn.Linear(2, 1)
    x = cr.ones(1, 2, requires_grad=True)
    loss = net(x).sum()
    net.load_state_dict(nn.Linear(2, 1).state_dict())
    with pytest.raises(RuntimeError, match="changed in place by load_state_dict"):
        loss.backward()


def test_a_copy_is_apart(backend: Backend) -> None:
    net = net_of(cr)
    net(cr.rand(2, 4)).sum().backward()
    twin = copy.deepcopy(net)
    assert twin.shared is twin.blocks[0] and twin.shared is not net.shared
    assert (host(twin.scale.grad) == host(net.scale.grad)).all() and twin.scale.grad is not net.scale.grad
    with cr.no_grad():
        twin.scale.fill_(7.0)
    assert (host(net.scale) == 1).all()


def test_a_copy_of_a_view_is_no_view(backend: Backend) -> None:
    """An in-place op on the copy must not touch the graph of what the original looks at."""
    whole = cr.ones(3)
    net = nn.Module()
    net.register_buffer("part", whole[1:])
    twin = copy.deepcopy(net)
    twin.part *= cr.ones(2, requires_grad=True)
    assert twin.part.requires_grad and not whole.requires_grad and not net.part.requires_grad


# Modes and conversion


def test_modes_reach_all_modules() -> None:
    net = net_of(cr)
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="True or False, got 1"):
        net.train(1)


def test_apply_goes_from_the_inside_out() -> None:
    def order(lib: Any) -> list[str]:
        seen: list[str] = []
        net = net_of(lib)
        assert net.apply(lambda m: seen.append(type(m).__name__)) is net
        return seen

    assert order(cr) == order(torch)


def test_conversion_keeps_parameters_the_same_objects() -> None:
    net = net_of(cr)
    net.register_buffer("index", cr.tensor([1, 2]))
    net(cr.rand(2, 4)).sum().backward()
    before = dict(net.named_parameters()), dict(net.named_buffers())
    assert net.double() is net
    assert {name: id(p) for name, p in net.named_parameters()} == {name: id(p) for name, p in before[0].items()}
    assert all(p.dtype == cr.float64 and p.requires_grad for p in net.parameters())
    assert net.scale.grad.dtype == cr.float64
    assert net.index.dtype == cr.int64 and net.blocks[0].count.dtype == cr.float64
    assert net.half().scale.dtype == cr.float16 and net.float().scale.dtype == cr.float32
    assert net.to(cr.float64).scale.dtype == cr.float64 and net.to(dtype=cr.float32).scale.dtype == cr.float32
    assert net.to(cr.ones(1, dtype=cr.float64)).scale.dtype == cr.float64
    net.to("standin", cr.float32)
    assert all(t.backend.name == "standin" for t in (*net.parameters(), *net.buffers(), net.scale.grad))
    assert net.to("float64").scale.dtype == cr.float64 and net.scale.backend.name == "standin"
    assert net.cpu().scale.backend.name == "numpy"
    array = net.scale.array
    assert net.to("cpu").scale.array is array
    assert net.type(cr.float32).index.dtype == cr.float32


def test_conversion_that_fails_changes_nothing() -> None:
    net = nn.Linear(2, 2)
    arrays = [p.array for p in net.parameters()]
    with pytest.raises(TypeError, match="floating or complex dtype, not int64"):
        net.to(cr.int64)
    with pytest.raises(ValueError, match="device"):
        net.to("abacus")
    with pytest.raises(RuntimeError):
        net.type(cr.int64)
    assert all(p.array is a and p.dtype == cr.float32 for p, a in zip(net.parameters(), arrays, strict=True))


def test_gradients_are_cleared(backend: Backend) -> None:
    net = nn.Linear(2, 2)
    net(cr.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert (host(net.weight.grad) == 0).all()
    net.zero_grad()
    assert net.weight.grad is None
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())


# Hooks


def test_forward_hooks_run_as_pytorchs() -> None:
    def program(lib: Any) -> list[Any]:
        log: list[Any] = []
        net = lib.nn.Linear(2, 2, bias=False)
        with lib.no_grad():
            net.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
        x = lib.tensor([[1.0, 1.0]])
        handles = [
            net.register_forward_pre_hook(lambda m, args: log.append(("first", len(args)))),
            net.register_forward_pre_hook(lambda m, args: (args[0] * 2,)),
            net.register_forward_pre_hook(lambda m, args: args[0] + 1),
            net.register_forward_pre_hook(lambda m, args, kwargs: log.append(("kw", sorted(kwargs))), with_kwargs=True),
            net.register_forward_pre_hook(lambda m, args: log.append("front"), prepend=True),
            net.register_forward_hook(lambda m, args, out: log.append(("after", args[0].tolist(), out.tolist()))),
            net.register_forward_hook(lambda m, args, out: out * 10),
            net.register_forward_hook(lambda m, args, kwargs, out: log.append(out.tolist()), with_kwargs=True),
            net.register_forward_hook(lambda m, args, out: log.append("front"), prepend=True),
        ]
        log.append(net(x).tolist())
        for handle in handles[1:]:
            handle.remove()
        log.append(net(x).tolist())
        net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"input": kwargs["input"] * 3}), with_kwargs=True)
        log.append(net(input=x).tolist())
        return log

    assert program(cr) == program(torch)


def test_a_hook_that_is_always_called() -> None:
    class Broken(nn.Module):
        def forward(self, x: Any) -> Any:
            raise ZeroDivisionError

    seen: list[Any] = []
    net = Broken()
    net.register_forward_hook(lambda m, args, out: seen.append("never"))
    net.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(ZeroDivisionError):
        net(1)
    assert seen == [None]
    with pytest.raises(RuntimeError, match=r"must return None or \(args, kwargs\)"):
        net.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
        net(1)


def backward_program(lib: Any) -> list[Any]:
    log: list[Any] = []

    def seen(grads: Any) -> list[Any]:
        # PyTorch shows zeros for an input that requires no gradient, ours is None.
        return [None if g is None or not g.any() else g.tolist() for g in grads]

    class Two(lib.nn.Module):
        def forward(self, x: Any, factor: float, y: Any) -> Any:
            return x * y * factor, y + 1

    for x_needs, y_needs in [(True, True), (True, False), (False, True), (False, False)]:
        two = Two()
        w = lib.tensor([0.5, 0.5], requires_grad=True)
        x, y = lib.tensor([1.0, 2.0], requires_grad=x_needs), lib.tensor([3.0, 4.0], requires_grad=y_needs)
        two.register_full_backward_hook(lambda m, gi, go: log.append(("hook", seen(gi), seen(go))))
        two.register_full_backward_pre_hook(lambda m, go: log.append(("pre", seen(go))))
        a, b = two(x, 2.0, y)
        if x_needs or y_needs:
            ((a * w).sum() + (b * b).sum()).backward()
        log.append(seen([x.grad, y.grad, w.grad]))

    linear = lib.nn.Linear(2, 1, bias=False)
    with lib.no_grad():
        linear.weight.copy_(lib.tensor([[1.0, -1.0]]))
    x = lib.tensor([[1.0, 2.0]], requires_grad=True)
    linear.register_full_backward_hook(lambda m, gi, go: (gi[0] * 100,))
    linear.register_full_backward_hook(lambda m, gi, go: log.append((seen(gi), seen(go))))
    linear.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,))
    linear(x).sum().backward()
    log.append((x.grad.tolist(), linear.weight.grad.tolist()))

    plain = lib.nn.Linear(2, 1, bias=False)  # no input requires a gradient
    plain.register_full_backward_hook(lambda m, gi, go: log.append((seen(gi), seen(go))))
    plain(lib.tensor([[1.0, 2.0]])).sum().backward()
    return log


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_backward_hooks_run_as_pytorchs() -> None:
    assert backward_program(cr) == backward_program(torch)


def test_backward_hooks_leave_values_and_graphs_alone(backend: Backend) -> None:
    class InPlace(nn.Module):
        def forward(self, x: Any) -> Any:
            x *= 3
            return [x, x + 1]

    x = cr.tensor([2.0], requires_grad=True)
    y = x * x
    net = InPlace()
    net.register_full_backward_hook(lambda m, gi, go: None)
    a, b = net(y)
    assert host(y).tolist() == [4.0] and host(a).tolist() == [12.0]
    (a * b).sum().backward()
    assert x.grad.tolist() == [3 * 4.0 * 13 + 3 * 4.0 * 12]
    second = nn.Tanh()
    second.register_full_backward_hook(lambda m, gi, go: None)
    z = cr.tensor([0.3], dtype=cr.float64, requires_grad=True)
    (g,) = cr.autograd.grad(second(z).sum(), z, create_graph=True)
    (gg,) = cr.autograd.grad(g.sum(), z)
    t = math.tanh(0.3)
    np.testing.assert_allclose(host(gg), [-2 * t * (1 - t * t)], rtol=1e-12)
    with cr.no_grad():
        assert not second(z).requires_grad


def test_a_backward_hook_returns_as_many() -> None:
    net = nn.Tanh()
    net.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="a backward hook of Tanh returned 2 gradients in place of 1"):
        net(cr.ones(1, requires_grad=True)).backward()


# The graph


def test_nodes_know_their_module() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Tanh())])
            self.heads = nn.ModuleDict()
            self.heads["x"] = nn.Linear(2, 1)
            self.layers.append(nn.ModuleList([nn.Sigmoid()]))

        def forward(self, x: Any) -> Any:
            for layer in self.layers[:2]:
                x = layer(x)
            return self.heads["x"](self.layers[2][0](x)) * 2

    scopes = []
    node = Net()(cr.ones(1, 2)).grad_fn
    while hasattr(node, "scope"):
        scopes.append((node.op.name, node.scope))
        node = node.next_functions[0][0]
    assert scopes == [
        ("mul", ("Net:Net",)),
        ("linear", ("Net:Net", "heads.x:Linear")),
        ("sigmoid", ("Net:Net", "layers.2.0:Sigmoid")),
        ("tanh", ("Net:Net", "layers.1:Sequential", "1:Tanh")),
        ("linear", ("Net:Net", "layers.1:Sequential", "0:Linear")),
        ("linear", ("Net:Net", "layers.0:Linear")),
    ]
    with pytest.raises(ValueError):
        nn.Sequential(nn.Linear(2, 3))(cr.ones(1, 5))
    assert cr.ones(1, requires_grad=True).exp().grad_fn.scope == (), "an error left the scope of a module"


# Containers


def test_sequential_holds_modules_in_order() -> None:
    a, b, c = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    net = nn.Sequential(a, b, c)
    assert len(net) == 3 and list(net) == [a, b, c] and net[0] is a and net[-1] is c
    assert isinstance(net[1:], nn.Sequential) and list(net[1:]) == [b, c] and net[1:][0] is b
    assert list(net[1:].state_dict()) == ["2.weight", "2.bias"]
    assert list(net[1:].append(nn.Tanh()).children())[-1].__class__ is nn.Tanh and len(net[1:]) == 2
    named = nn.Sequential(OrderedDict(first=a, second=b))
    assert named.first is a and list(named.state_dict()) == ["first.weight", "first.bias"]
    net.append(nn.Tanh()).extend([nn.Tanh()]).insert(1, nn.Sigmoid())
    assert [type(m).__name__ for m in net] == ["Linear", "Sigmoid", "ReLU", "Linear", "Tanh", "Tanh"]
    assert list(net._modules) == list("012345")
    del net[-1], net[1:3]
    assert list(net) == [a, c, net[2]] and list(net._modules) == ["0", "1", "2"]
    net[0] = nn.Linear(5, 3)
    assert net[0].in_features == 5 and net.pop(2).__class__ is nn.Tanh and len(net) == 2
    for wrong in (2, -3):
        with pytest.raises(IndexError, match=f"position {wrong} is out of range for a Sequential of 2 modules"):
            net[wrong]
    with pytest.raises(TypeError, match="Sequential holds modules, got int"):
        net[0] = 3
    with pytest.raises(TypeError, match="got function"):
        nn.Sequential(lambda x: x)
    named.append(nn.Tanh())
    del named[1]
    assert list(named._modules) == ["first", "1"]
    assert nn.Sequential()(5) == 5


def test_lists_and_dicts_of_modules() -> None:
    a, b = nn.ReLU(), nn.Linear(1, 1)
    rows = nn.ModuleList([a])
    rows += [b]
    assert list(rows + [a]) == [a, b, a] and list(rows[:1]) == [a] and isinstance(rows[:1], nn.ModuleList)
    rows.insert(0, b)
    assert list(rows) == [b, a, b] and len(list(rows.parameters())) == 2
    group = nn.ModuleDict([("a", a)])
    group["b"] = b
    group.update({"c": nn.Tanh()})
    assert list(group) == list(group.keys()) == ["a", "b", "c"] and group["b"] is b and "a" in group and len(group) == 3
    assert group.pop("a") is a and [k for k, _ in group.items()] == ["b", "c"] and list(group.values())[0] is b
    del group["b"]
    group.clear()
    assert len(group) == 0
    with pytest.raises(KeyError, match="has an attribute 'keys' already"):
        group["keys"] = a
    with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
        rows(1)


# Layers


LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("ReLU", {}), ("ReLU6", {}), ("SiLU", {}), ("LeakyReLU", dict(negative_slope=0.3)), ("ELU", dict(alpha=0.7)),
    ("Hardtanh", dict(min_val=-0.5, max_val=0.7)), ("GELU", {}), ("GELU", dict(approximate="tanh")),
    ("Softplus", dict(beta=2.0, threshold=1.5)), ("Sigmoid", {}), ("LogSigmoid", {}), ("Tanh", {}),
    ("Softmax", dict(dim=-1)), ("LogSoftmax", dict(dim=0)), ("Identity", {}), ("Flatten", {}),
    ("Flatten", dict(start_dim=0, end_dim=1)), ("Unflatten", dict(dim=1, unflattened_size=(2, -1))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), LAYERS)
@pytest.mark.parametrize("inplace", [False, True])
def test_layers_are_pytorchs(name: str, settings: dict[str, Any], inplace: bool, backend: Backend) -> None:
    if inplace:
        if "inplace" not in inspect.signature(getattr(nn, name)).parameters:
            pytest.skip("not an in-place layer")
        settings = {**settings, "inplace": True}
    values = np.random.default_rng(0).standard_normal((3, 4, 2))

    def run(lib: Any, **place: Any) -> tuple[Any, Any, Any]:
        x = lib.tensor(values, requires_grad=True, **place)
        inner = x * 1
        out = getattr(lib.nn, name)(**settings)(inner)
        assert (out is inner) == inplace or name == "Identity"
        (out * out).sum().backward()
        return out, x.grad, inner

    for ours, theirs in zip(run(cr, device=cr.zeros(()).device), run(torch), strict=True):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(host(ours), theirs.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_the_slope_of_logsigmoid_at_0(backend: Backend) -> None:
    x = cr.tensor([0.0, -0.0, -800.0, 800.0], requires_grad=True)
    nn.LogSigmoid()(x).sum().backward()
    np.testing.assert_allclose(host(x.grad), [0.5, 0.5, 1, 0])


def test_layers_take_arguments_in_pytorchs_order() -> None:
    for name in dict.fromkeys([*(n for n, _ in LAYERS), "Linear", "Dropout"]):
        ours, theirs = (inspect.signature(getattr(lib.nn, name)).parameters for lib in (cr, torch))
        apart = ("min_value", "max_value", "args", "kwargs")  # deprecated, or ignored
        expected = [(p.name, p.default) for p in theirs.values() if p.name not in apart]
        assert [(p.name, p.default) for p in ours.values() if p.name not in apart] == expected, name


def test_softmax_without_a_dimension_says_which_it_takes() -> None:
    for shape, dim in [((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 2, 2, 2), 1)]:
        x = cr.rand(*shape)
        for layer, function in [(nn.Softmax(), cr.softmax), (nn.LogSoftmax(), cr.log_softmax)]:
            with pytest.warns(UserWarning, match=f"write dim={dim}"):
                np.testing.assert_array_equal(host(layer(x)), host(function(x, dim)))


def test_settings_of_layers_are_checked() -> None:
    with pytest.raises(ValueError, match="min_val must be below max_val, got 1.0 and 1.0"):
        nn.Hardtanh(1.0, 1.0)
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\], got 1.5"):
        nn.Dropout(1.5)
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\], got -0.1"):
        F.dropout(cr.ones(2), -0.1)
    with pytest.raises(ValueError, match="sizes cannot be negative, got -1 and 2"):
        nn.Linear(-1, 2)
    with pytest.raises(ValueError, match="the last dimension of the input"):
        nn.Linear(3, 2)(cr.ones(1, 4))


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5), (0, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_pytorchs(shape: tuple[int, ...], bias: bool, backend: Backend) -> None:
    theirs = torch.nn.Linear(5, 3, bias=bias, dtype=torch.float64)
    ours = nn.Linear(5, 3, bias=bias, dtype=cr.float64)
    ours.load_state_dict({k: cr.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    values = np.random.default_rng(0).standard_normal(shape)
    x, y = cr.tensor(values, requires_grad=True, device=cr.zeros(()).device), torch.tensor(values, requires_grad=True)
    a, b = ours(x), theirs(y)
    np.testing.assert_allclose(host(a), b.detach().numpy(), rtol=1e-12)
    (a * a).sum().backward()
    (b * b).sum().backward()
    for p, q in [(x, y), *zip(ours.parameters(), theirs.parameters(), strict=True)]:
        np.testing.assert_allclose(host(p.grad), q.grad.numpy(), rtol=1e-11, atol=1e-13)


def test_linear_starts_as_pytorchs_does(backend: Backend) -> None:
    layer = nn.Linear(100, 300)
    for p in layer.parameters():
        assert p.requires_grad and p.dtype == cr.float32
        values = host(p)
        assert np.abs(values).max() <= 0.1 and np.abs(values).max() > 0.095 and abs(values.mean()) < 0.02
        np.testing.assert_allclose(values.std(), 0.1 / math.sqrt(3), rtol=0.1)
    assert nn.Linear(0, 2)(cr.ones(3, 0)).shape == (3, 2)
    assert nn.Linear(2, 2, device="standin").weight.backend.name == "standin"


def test_the_same_seed_gives_the_same_network(backend: Backend) -> None:
    networks = []
    for _ in range(2):
        cr.manual_seed(5)
        networks.append(net_of(cr))
    for p, q in zip(*(net.parameters() for net in networks), strict=True):
        np.testing.assert_array_equal(host(p), host(q))


def test_dropout(backend: Backend) -> None:
    x = cr.ones(200, 100, requires_grad=True)
    layer = nn.Dropout(0.25)
    out = layer(x)
    values = host(out)
    assert set(np.unique(values)) == {np.float32(0), np.float32(4 / 3)}
    assert abs((values == 0).mean() - 0.25) < 0.02
    out.sum().backward()
    np.testing.assert_array_equal(host(x.grad), values)
    assert not np.array_equal(host(layer(x)), values), "two calls leave out the same"
    cr.manual_seed(0)
    np.testing.assert_array_equal(host(layer(x)), values)
    assert layer.eval()(x) is x and nn.Dropout(0.0)(x) is x
    assert (host(nn.Dropout(1.0)(x)) == 0).all()
    y = x * 1
    assert F.dropout(y, 0.5, inplace=True) is y and (host(y) == 0).any()
    assert F.dropout(cr.ones(3, dtype=cr.float64)).dtype == cr.float64


def test_normalize_is_pytorchs(backend: Backend) -> None:
    values = np.random.default_rng(0).standard_normal((3, 4))
    values[1] = 0
    for settings in ({}, dict(p=1.0), dict(dim=0), dict(p=math.inf, dim=-1), dict(eps=10.0)):
        x = cr.tensor(values, requires_grad=True, device=cr.zeros(()).device)
        y = torch.tensor(values, requires_grad=True)
        a, b = F.normalize(x, **settings), torch.nn.functional.normalize(y, **settings)
        np.testing.assert_allclose(host(a), b.detach().numpy(), rtol=1e-12)
        (a * a * a).sum().backward()
        (b * b * b).sum().backward()
        np.testing.assert_allclose(host(x.grad), y.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_functions_in_place_and_their_settings(backend: Backend) -> None:
    x = cr.tensor([-2.0, 0.5, 9.0])
    activations: dict[str, tuple[float, ...]] = {"leaky_relu": (0.2,), "elu": (0.5,), "hardtanh": (-1.0, 2.0)}
    for name, settings in {"relu": (), "relu6": (), "silu": (), **activations}.items():
        function = getattr(F, name)
        expected = host(function(x, *settings)).copy()
        y = x.clone()
        assert function(y, *settings, inplace=True) is y
        np.testing.assert_array_equal(host(y), expected)
    with pytest.raises(ValueError, match="min_val cannot be above max_val"):
        F.hardtanh(x, 2.0, 1.0)
    assert F.one_hot(cr.tensor([0, 2]), 3).tolist() == [[1, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(host(F.softmin(x, 0)), host(cr.softmax(-x, 0)))
