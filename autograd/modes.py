"""What is recorded, where: gradient mode, inference mode, module scope and debug mode.

One immutable `Mode` per thread and asyncio task, read once by every op that meets a tensor requiring a gradient.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """The state of one thread of execution; never changed, only replaced.

    `scope` names the modules being called, outermost first: `("model:Sequential", "2:Linear")`.
    """

    __slots__ = ("debug", "grad", "inference", "scope")

    def __init__(
        self, grad: bool = True, inference: bool = False, debug: bool = False, scope: tuple[str, ...] = ()
    ) -> None:
        self.grad, self.inference, self.debug, self.scope = grad, inference, debug, scope

    def replace(self, grad: bool | None = None, inference: bool | None = None, debug: bool | None = None) -> Mode:
        """This mode with some of its switches changed."""
        return Mode(
            self.grad if grad is None else grad,
            self.inference if inference is None else inference,
            self.debug if debug is None else debug,
            self.scope,
        )


_mode: ContextVar[Mode] = ContextVar("chainrule_mode", default=Mode())  # noqa: B039 (a Mode is never changed)
current: Callable[[], Mode] = _mode.get


def is_grad_enabled() -> bool:
    """Whether operations record a graph here and now."""
    return current().grad


def is_inference_mode_enabled() -> bool:
    """Whether `inference_mode` is on here and now."""
    return current().inference


_entered: ContextVar[tuple[tuple[_Switch, Mode], ...]] = ContextVar("chainrule_entered", default=())
"""The blocks entered here and not yet left, each with the mode before it."""


class _Switch:
    """A change of mode that works as `with` block and as decorator: of functions, generators, coroutines and
    asynchronous generators. One object may be entered again, and in several threads and tasks at once."""

    _before: Mode | None = None  # of a switch that changed the mode when it was made: the mode until then

    def __init__(self, **change: bool) -> None:
        for name, value in change.items():
            if not isinstance(value, bool):
                raise TypeError(f"{type(self).__name__}: {name} is True or False, got {value!r}")
        self._change = change

    def _set_at_once(self) -> None:
        self._before = current()
        _mode.set(self._before.replace(**self._change))

    def __enter__(self) -> None:
        before, self._before = self._before or current(), None
        _entered.set((*_entered.get(), (self, before)))
        _mode.set(current().replace(**self._change))

    def __exit__(self, *_: object) -> None:
        entered = _entered.get()
        for k in reversed(range(len(entered))):
            if entered[k][0] is self:
                _entered.set(entered[:k] + entered[k + 1 :])
                _mode.set(entered[k][1])
                return

    def _fresh(self) -> _Switch:
        return _Switch(**self._change)

    def __call__(self, function: F) -> F:
        if not callable(function):
            raise TypeError(f"{type(self).__name__} decorates functions, got {type(function).__name__}")
        if self._before is not None:
            _mode.set(self._before)
            self._before = None
        if inspect.isgeneratorfunction(function):
            return _wrap_generator(function, self._fresh)
        if inspect.iscoroutinefunction(function):
            return _wrap_coroutine(function, self._fresh)
        if inspect.isasyncgenfunction(function):
            return _wrap_async_generator(function, self._fresh)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def _wrap_generator(function: F, fresh: Callable[[], _Switch]) -> F:
    """The body of a generator runs in the mode; what happens between its yields does not."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume, value = generator.send, None
        try:
            while True:
                with fresh():
                    item = resume(value)
                try:
                    resume, value = generator.send, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as error:  # what the consumer throws belongs inside the body
                    resume, value = generator.throw, error
        except StopIteration as stop:
            return stop.value
        finally:
            with fresh():
                generator.close()

    return wrapped  # type: ignore[return-value]


def _wrap_coroutine(function: F, fresh: Callable[[], _Switch]) -> F:
    """A task has a mode of its own, so the body may keep it over its awaits."""

    @functools.wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return await function(*args, **kwargs)

    return wrapped  # type: ignore[return-value]


def _wrap_async_generator(function: F, fresh: Callable[[], _Switch]) -> F:
    """As `_wrap_generator`, for `async for`."""

    @functools.wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume, value = generator.asend, None
        try:
            while True:
                with fresh():
                    item = await resume(value)
                try:
                    resume, value = generator.asend, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    resume, value = generator.athrow, error
        except StopAsyncIteration:
            return
        finally:
            with fresh():
                await generator.aclose()

    return wrapped  # type: ignore[return-value]


class no_grad(_Switch):
    """Inside, operations record nothing and their results do not require gradients.

    `with no_grad():`, `@no_grad()` or `@no_grad`.
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(grad=False)


class enable_grad(_Switch):
    """Inside, operations record again, within a surrounding `no_grad` too. Used as `no_grad` is."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(grad=True, inference=False)


class inference_mode(_Switch):
    """`no_grad` with a promise: tensors made inside never take part in a graph. Using one where a gradient would
    have to flow through it raises, so that a forgotten `detach` is seen."""

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(grad=not mode, inference=mode)


class set_grad_enabled(_Switch):
    """Turns recording on or off, from the call on; as `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__(grad=mode)
        self._set_at_once()


class set_debug(_Switch):
    """In debug mode every node remembers the source line that made it. From the call on; as `with` block, until its
    end."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(debug=mode)
        self._set_at_once()


def enter_scope(label: str) -> Token[Mode]:
    """Puts `label` (`name:class` of a module being called) at the end of the module scope; `leave_scope` undoes it."""
    mode = current()
    return _mode.set(Mode(mode.grad, mode.inference, mode.debug, (*mode.scope, label)))


def leave_scope(token: Token[Mode]) -> None:
    """Undoes an `enter_scope`."""
    _mode.reset(token)
