"""What is recorded, where: gradient mode, inference mode, module scope, debug mode and the watch for anomalies.

One immutable `Mode` per thread and asyncio task, read once by every op that meets a tensor requiring a gradient.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .anomaly import Watch

F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """The state of one thread of execution; never changed, only replaced.

    `scope` names the modules being called, outermost first: `("model:Sequential", "2:Linear")`. `anomaly` looks at
    what ops and their VJPs compute, or is None. `debug` says whether nodes are noted (`record.note`): where
    `set_debug` asked for it (`debug_asked`), and where there is a watch.
    """

    __slots__ = ("anomaly", "debug", "debug_asked", "grad", "inference", "scope")

    def __init__(
        self,
        grad: bool = True,
        inference: bool = False,
        debug: bool = False,
        scope: tuple[str, ...] = (),
        anomaly: Watch | None = None,
    ) -> None:
        self.grad, self.inference, self.scope, self.anomaly = grad, inference, scope, anomaly
        self.debug, self.debug_asked = debug or anomaly is not None, debug

    def replace(
        self,
        grad: bool | None = None,
        inference: bool | None = None,
        debug: bool | None = None,
        anomaly: Watch | bool | None = False,
    ) -> Mode:
        """This mode with some of its switches changed. (For `anomaly` None says that there is no watch.)"""
        return Mode(
            self.grad if grad is None else grad,
            self.inference if inference is None else inference,
            self.debug_asked if debug is None else debug,
            self.scope,
            self.anomaly if isinstance(anomaly, bool) else anomaly,
        )


_mode: ContextVar[Mode] = ContextVar("chainrule_mode", default=Mode())  # noqa: B039 (a Mode is never changed)
current: Callable[[], Mode] = _mode.get


def is_grad_enabled() -> bool:
    """Whether operations record a graph here and now."""
    return current().grad


def is_inference_mode_enabled() -> bool:
    """Whether `inference_mode` is on here and now."""
    return current().inference


paint: Callable[..., None] | None = None
"""Draws the graph of an anomaly into a file; see `anomaly.Watch`. Drawing stands above the engine, so the face of the
package puts its own here."""

_entered: ContextVar[tuple[tuple[Switch, Mode], ...]] = ContextVar("chainrule_entered", default=())
"""The blocks entered here and not yet left, each with the mode before it."""


class Switch:
    """A change of mode that works as `with` block and as decorator: of functions, generators, coroutines and
    asynchronous generators. One object may be entered again, and in several threads and tasks at once."""

    _before: Mode | None = None  # of a switch that changed the mode when it was made: the mode until then

    def __init__(self, **change: Any) -> None:
        for name, value in change.items():
            if name != "anomaly" and not isinstance(value, bool):
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

    def _fresh(self) -> Switch:
        return Switch(**self._change)

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


def _wrap_generator(function: F, fresh: Callable[[], Switch]) -> F:
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


def _wrap_coroutine(function: F, fresh: Callable[[], Switch]) -> F:
    """A task has a mode of its own, so the body may keep it over its awaits."""

    @functools.wraps(function)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return await function(*args, **kwargs)

    return wrapped  # type: ignore[return-value]


def _wrap_async_generator(function: F, fresh: Callable[[], Switch]) -> F:
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


class no_grad(Switch):
    """Inside, operations record nothing and their results do not require gradients.

    `with no_grad():`, `@no_grad()` or `@no_grad`.
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(grad=False)


class enable_grad(Switch):
    """Inside, operations record again, within a surrounding `no_grad` too. Used as `no_grad` is."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(grad=True, inference=False)


class inference_mode(Switch):
    """`no_grad` with a promise: tensors made inside never take part in a graph. Using one where a gradient would
    have to flow through it raises, so that a forgotten `detach` is seen."""

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(grad=not mode, inference=mode)


class set_grad_enabled(Switch):
    """Turns recording on or off, from the call on; as `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__(grad=mode)
        self._set_at_once()


class set_debug(Switch):
    """In debug mode every node remembers the source line that made it, errors and drawings tell it, and a line that
    keeps adding to a graph which backward has used up (`total = total + loss`) is warned of. From the call on; as
    `with` block, until its end."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(debug=mode)
        self._set_at_once()


def enter_scope(label: str) -> Token[Mode]:
    """Puts `label` (`name:class` of a module being called) at the end of the module scope; `leave_scope` undoes it."""
    mode = current()
    return _mode.set(Mode(mode.grad, mode.inference, mode.debug_asked, (*mode.scope, label), mode.anomaly))


def leave_scope(token: Token[Mode]) -> None:
    """Undoes an `enter_scope`."""
    _mode.reset(token)
