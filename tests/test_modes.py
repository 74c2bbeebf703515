"""Gradient modes: as blocks, decorators and calls; in functions, generators, coroutines and threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from judge import agree, leaf, raised

import chainrule as cr
from chainrule.backends import Backend

X = [0.5, -1.5, 2.0]


def test_blocks_and_nesting(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        seen = []

        def note() -> None:
            y = x * 2
            seen.append((lib.is_grad_enabled(), y.requires_grad, y.is_leaf))

        note()
        with lib.no_grad():
            note()
            with lib.enable_grad():
                note()
                with lib.no_grad():
                    note()
                note()
            note()
            with lib.set_grad_enabled(True):
                note()
            note()
        with lib.set_grad_enabled(False):
            note()
        note()
        return seen

    agree(program)


def test_the_mode_comes_back_after_an_error(backend: Backend) -> None:
    for mode in (cr.no_grad, cr.inference_mode, lambda: cr.set_grad_enabled(False)):
        with pytest.raises(ZeroDivisionError), mode():
            1 / 0
        assert cr.is_grad_enabled() and not cr.is_inference_mode_enabled()


def test_set_grad_enabled_as_a_call() -> None:
    def program(lib: Any) -> Any:
        seen = [lib.is_grad_enabled()]
        lib.set_grad_enabled(False)
        seen.append(lib.is_grad_enabled())
        with lib.enable_grad():
            seen.append(lib.is_grad_enabled())
        seen.append(lib.is_grad_enabled())
        lib.set_grad_enabled(True)
        return [*seen, lib.is_grad_enabled()]

    agree(program)


def test_decorators(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)

        @lib.no_grad()
        def with_parentheses(a: Any, b: int = 1) -> Any:
            """Its text."""
            return (a * b).requires_grad

        @lib.no_grad
        def without(a: Any) -> Any:
            return (a * 2).requires_grad

        @lib.enable_grad()
        def recording(a: Any) -> Any:
            return (a * 2).requires_grad

        @lib.set_grad_enabled(False)
        def switched(a: Any) -> Any:
            return (a * 2).requires_grad

        @lib.inference_mode()
        def inferring(a: Any) -> Any:
            return (a * 2).is_inference()

        class Thing:
            @lib.no_grad()
            def method(self, a: Any) -> Any:
                return (a * 2).requires_grad, type(self).__name__

        @lib.no_grad()
        def recursive(n: int) -> Any:
            return [(x * 2).requires_grad] + (recursive(n - 1) if n else [])

        with lib.no_grad():
            inside = recording(x)
        names = with_parentheses.__name__, with_parentheses.__doc__, without.__name__
        return [
            with_parentheses(x, b=3), without(x), recording(x), switched(x), inferring(x), Thing().method(x),
            recursive(3), inside, names, lib.is_grad_enabled(),
        ]  # fmt: skip

    agree(program)


def test_one_object_used_again_and_nested() -> None:
    def program(lib: Any) -> Any:
        seen = []
        off = lib.no_grad()
        for _ in range(2):
            with off:
                seen.append(lib.is_grad_enabled())
            seen.append(lib.is_grad_enabled())
        return seen

    agree(program)
    off = cr.no_grad()
    with off, cr.enable_grad(), off:
        assert not cr.is_grad_enabled()
    assert cr.is_grad_enabled()


def test_blocks_left_out_of_order() -> None:
    """Each block restores the mode that it found, whichever is left first."""

    def program(lib: Any) -> Any:
        off, on = lib.no_grad(), lib.enable_grad()
        off.__enter__()
        on.__enter__()
        seen = [lib.is_grad_enabled()]
        for block in (off, on):
            block.__exit__(None, None, None)
            seen.append(lib.is_grad_enabled())
        lib.set_grad_enabled(True)
        return seen

    assert agree(program) == [True, True, False]


def test_generators() -> None:
    """The mode holds inside the generator, and not in the loop that consumes it."""

    def program(lib: Any) -> Any:
        seen: list[Any] = []

        @lib.no_grad()
        def counting(n: int) -> Iterator[Any]:
            try:
                for k in range(n):
                    try:
                        got = yield k, lib.is_grad_enabled()
                        seen.append(("got", got, lib.is_grad_enabled()))
                    except KeyError as error:
                        seen.append(("caught", str(error), lib.is_grad_enabled()))
                return "returned"
            finally:
                seen.append(("closed", lib.is_grad_enabled()))

        def delegating() -> Iterator[Any]:
            seen.append((yield from counting(2)))

        for item in delegating():
            seen.append((item, lib.is_grad_enabled()))
        sending = counting(4)
        seen.append(next(sending))
        seen.append(sending.send("hello"))
        seen.append(sending.throw(KeyError("thrown")))
        sending.close()
        empty = counting(0)
        try:
            next(empty)
        except StopIteration as stop:
            seen.append(stop.value)
        unstarted = counting(3)
        unstarted.close()
        return seen, lib.is_grad_enabled()

    agree(program)


def test_a_mode_around_a_generator_does_not_leak_out_of_it() -> None:
    @cr.no_grad()
    def stream() -> Iterator[bool]:
        while True:
            yield cr.is_grad_enabled()

    one, two = stream(), stream()
    assert [next(one), next(two), cr.is_grad_enabled(), next(one), next(two)] == [False, False, True, False, False]
    with cr.enable_grad():
        assert next(one) is False
    assert cr.is_grad_enabled()


def test_a_generator_that_raises() -> None:
    @cr.no_grad()
    def failing() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    items = failing()
    next(items)
    with pytest.raises(ZeroDivisionError):
        next(items)
    assert cr.is_grad_enabled()


def test_coroutines() -> None:
    """The decorator holds for the body of an async function, over its awaits, and for no other task."""
    seen: dict[str, list[bool]] = {"decorated": [], "block": [], "free": []}

    @cr.no_grad()
    async def decorated() -> str:
        for _ in range(5):
            seen["decorated"].append(cr.is_grad_enabled())
            await asyncio.sleep(0)
        return "done"

    async def block() -> None:
        for _ in range(5):
            with cr.no_grad():
                await asyncio.sleep(0)
                seen["block"].append(cr.is_grad_enabled())
            seen["block"].append(cr.is_grad_enabled())

    async def free() -> None:
        for _ in range(5):
            seen["free"].append(cr.is_grad_enabled())
            await asyncio.sleep(0)

    async def main() -> Any:
        return await asyncio.gather(decorated(), block(), free())

    assert asyncio.run(main())[0] == "done"
    assert seen["decorated"] == [False] * 5
    assert seen["block"] == [False, True] * 5
    assert seen["free"] == [True] * 5


def test_async_generators() -> None:
    @cr.no_grad()
    async def stream() -> Any:
        for k in range(3):
            await asyncio.sleep(0)
            yield k, cr.is_grad_enabled()

    async def main() -> list[Any]:
        return [(item, cr.is_grad_enabled()) async for item in stream()]

    assert asyncio.run(main()) == [((k, False), True) for k in range(3)]


def test_threads_have_modes_of_their_own() -> None:
    seen: list[bool] = []
    with cr.no_grad():
        thread = threading.Thread(target=lambda: seen.append(cr.is_grad_enabled()))
        thread.start()
        thread.join()
    thread = threading.Thread(target=lambda: cr.set_grad_enabled(False))
    thread.start()
    thread.join()
    assert seen == [True] and cr.is_grad_enabled()


def test_one_object_in_many_threads() -> None:
    off, barrier, wrong = cr.no_grad(), threading.Barrier(8), []

    def work() -> None:
        try:
            for _ in range(200):
                barrier.wait()
                with off:
                    if cr.is_grad_enabled():
                        wrong.append("enabled inside")
                if not cr.is_grad_enabled():
                    wrong.append("disabled outside")
        except Exception as error:
            wrong.append(repr(error))
            barrier.abort()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Inference mode


def test_inference_tensors(backend: Backend) -> None:
    def program(lib: Any) -> Any:
        x = leaf(lib, X)
        with lib.inference_mode():
            inside = lib.is_inference_mode_enabled(), lib.is_grad_enabled()
            y = x * 2
            z = (y + 1).exp()
            facts = [(t.is_inference(), t.requires_grad, t.is_leaf, t.grad_fn) for t in (x, y, z)]
        with lib.inference_mode(False):
            facts.append(((x * 2).requires_grad, lib.is_inference_mode_enabled()))
        with lib.inference_mode(), lib.inference_mode(False):
            facts.append(((x * 2).requires_grad, lib.is_inference_mode_enabled()))
        outside = [
            raised(lambda: y * x),
            raised(lambda: y.requires_grad_()),
            (y.clone() * x).requires_grad,
        ]
        with lib.no_grad():
            outside.append((y * x).requires_grad)
        return inside, facts, outside, z

    agree(program)


def test_the_error_for_an_inference_tensor_names_the_op_and_the_remedy(backend: Backend) -> None:
    x = leaf(cr, X)
    with cr.inference_mode():
        y = x * 2
        a, b = x.split([1, 2])
    with pytest.raises(RuntimeError, match=r"tanh.*inference_mode.*clone\(\)"):
        y.tanh()
    with pytest.raises(RuntimeError, match=r"mul.*inference_mode"):
        x[1:] * b
    with pytest.raises(RuntimeError, match=r"cat.*inference_mode"):
        cr.cat([a, x])


def test_nothing_is_recorded_for_constants(backend: Backend) -> None:
    constant = leaf(cr, X, requires_grad=False)
    y = constant * 2 + constant.exp()
    assert y.grad_fn is None and y.is_leaf and not y.requires_grad


def test_debug_mode_notes_the_line(backend: Backend) -> None:
    x = leaf(cr, X)
    with cr.autograd.set_debug(True):
        y = x.exp()
    assert y.grad_fn.extra is not None and "test_modes.py:" in y.grad_fn.extra.line
    assert (x * 2).grad_fn.extra is None
