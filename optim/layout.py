"""How the parameters of a group are laid out for their update: in pieces that stay in the processor's cache.

An update is a dozen passes over the elements. Over a whole network each pass would fetch everything from memory anew;
piece by piece the passes find it in the cache. A large parameter is cut into pieces. Small ones share a piece: their
states lie one after the other in one buffer, their values and gradients are gathered beside it, and the new values
are put back. The parameters themselves stay where they are. On a device other than the host a piece is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from typing import Any

from ..autograd.tensor import Tensor, from_array
from ..backends import Array, Backend, backend_of, dtypes
from ..backends.parallel import run_all, thread_count

PIECE = 5 << 18
"""Bytes of a piece with its gradients, states and a temporary: for Adam in single precision, 64 thousand elements."""

SMALL = 1 << 14
"""Up to this many elements a parameter shares a piece with others."""

THREADED = 1 << 20
"""From this many elements on several threads take turns with the interpreter, on pieces of twice the size. Below it
they would mostly wait for each other."""

Home = tuple[Backend, Any]
"""A backend and a dtype."""

Update = Callable[..., None]
"""`update(xp, group, numbers, values, gradients, states, temporaries)`, on arrays of equal shapes."""


class Slot:
    """One parameter's place in the layout.

    Attributes:
        parameter, array: the tensor, and its array when the layout was made.
        flat: the array with one dimension if it is contiguous, else as it is. A complex number counts as two real ones,
            which lie in a last dimension more.
        states: arrays of that shape, one per name of a state.
        tensors: the same in the shape of the parameter.
        step: the number of updates so far, a 0-d array on the host.
        fresh: whether there has been none.
        pieces: those that are parts of this parameter alone.
        shared: the piece it shares with others, if any.
    """

    def __init__(self, parameter: Tensor, step: Array, fresh: bool) -> None:
        self.parameter, self.array, self.step, self.fresh = parameter, parameter._array, step, fresh
        numbers = _numbers(self.array)
        self.home: Home = backend_of(numbers), numbers.dtype
        self.contiguous = bool(self.array.flags.c_contiguous)
        self.flat = numbers.reshape(-1) if self.contiguous else numbers
        self.states: tuple[Array, ...] = ()
        self.tensors: tuple[Tensor, ...] = ()
        self.pieces: list[Piece] = []
        self.shared: Piece | None = None

    def gradient(self) -> Array:
        """The gradient in the shape of `flat`."""
        gradient = _numbers(self.parameter._grad._array)  # type: ignore[union-attr]
        return gradient.reshape(-1) if self.contiguous else gradient

    def set_states(self, states: Sequence[Array]) -> None:
        self.states = tuple(states)
        self.tensors = tuple([from_array(self._in_shape(s)) for s in states])

    def _in_shape(self, numbers: Array) -> Array:
        """A state in the shape and dtype of the parameter."""
        if self.array.dtype.kind == "c":
            numbers = numbers.reshape(-1).view(self.array.dtype)
        return numbers.reshape(self.array.shape)


def _numbers(array: Array) -> Array:
    """The array, or a view of complex numbers as pairs of real ones."""
    return array[..., None].view(dtypes.real_dtype(array.dtype)) if array.dtype.kind == "c" else array


class Piece:
    """What one call of the update works on.

    Attributes:
        xp: the namespace of its arrays' backend.
        start, stop: which elements of its slot it is, if it is of one.
        members: the slots that share it, with where in it they are; empty if it is of one.
        values, states, temporaries: arrays of equal shapes.
        gradients: where those of the members are gathered.
        thread: which of the threads it belongs to, and with it the temporaries.
    """

    __slots__ = ("gradients", "members", "start", "states", "stop", "temporaries", "thread", "values", "xp")

    def __init__(self, values: Array, states: tuple[Array, ...], start: int = 0, stop: int | None = None) -> None:
        self.values, self.states, self.start, self.stop = values, states, start, stop
        self.xp = backend_of(values).xp
        self.members: list[tuple[Slot, Array]] = []
        self.gradients: Array = None
        self.temporaries: tuple[Array, ...] = ()
        self.thread = 0

    def gather(self) -> Array:
        """Brings the values and gradients of the members together; the gradients."""
        concatenate = self.xp.concatenate
        concatenate([slot.flat for slot, _ in self.members], out=self.values)
        concatenate([slot.gradient() for slot, _ in self.members], out=self.gradients)
        return self.gradients

    def put_back(self) -> None:
        """Copies the new values to the members."""
        for slot, part in self.members:
            slot.flat[...] = part


Job = tuple[Piece, Array, Any]
"""A piece, its gradients (None where they are to be gathered), and the numbers of its update."""


class Layout:
    """The slots of a group's parameters, and their pieces.

    Args:
        parameters: of the group.
        chosen: which of them take part (by position): those that have had a gradient.
        held: per parameter, the states it has already by name, and its `"step"`.
        names: the states that the algorithm keeps.
        temporaries: how many arrays the update needs beside.
        steps: one count per parameter, on the host.

    Attributes:
        slots: one per parameter, None for those that do not take part.
    """

    def __init__(
        self, parameters: Sequence[Tensor], chosen: Sequence[int], held: Sequence[dict[str, Any]],
        names: tuple[str, ...], temporaries: int, steps: Array,
    ) -> None:  # fmt: skip
        self.names, self.temporaries, self.steps = names, temporaries, steps
        self.slots: list[Slot | None] = [None] * len(parameters)
        for k in chosen:
            fresh = any(name not in held[k] for name in names)
            steps[k] = float(held[k].get("step", 0 if fresh else 1))
            self.slots[k] = Slot(parameters[k], steps[k, ...], fresh)
        elements = sum(parameters[k].numel() for k in chosen)
        on_host = all(slot is None or slot.home[0].device_type == "cpu" for slot in self.slots)
        self.threads = thread_count() if on_host and elements >= THREADED else 1
        small: dict[Home, list[tuple[Slot, dict[str, Any]]]] = {}
        for k in chosen:
            slot = self.slots[k]
            assert slot is not None
            if slot.contiguous and 0 < slot.flat.size <= SMALL and slot.home[0].device_type == "cpu":
                small.setdefault(slot.home, []).append((slot, held[k]))
            else:
                slot.set_states([self._state(slot, held[k].get(name)) for name in names])
                self._cut(slot)
        for slots in small.values():
            self._share(slots)
        self._deal_out()

    def _state(self, slot: Slot, given: Tensor | None) -> Array:
        """A state's array: what there is if it fits, else a copy of it; zeros if there is none."""
        home, dtype = slot.home
        if given is None:
            return home.xp.zeros(slot.flat.shape, dtype=dtype)
        array = given.to(slot.parameter.device, slot.array.dtype)._array
        if not array.flags.c_contiguous:
            array = home.copy(array)
        return _numbers(array).reshape(slot.flat.shape)

    def _piece_size(self, home: Home) -> int:
        """How many elements a piece has at most."""
        whole = PIECE if self.threads == 1 else 2 * PIECE
        return max(whole // (home[1].itemsize * (3 + len(self.names))), 1)

    def _cut(self, slot: Slot) -> None:
        """The slot's own pieces."""
        size = slot.flat.size
        parts = -(-size // self._piece_size(slot.home)) if slot.contiguous and slot.home[0].device_type == "cpu" else 1
        if parts < 2:
            slot.pieces = [Piece(slot.flat, slot.states)] if size else []
            return
        edges = [size * k // parts for k in range(parts + 1)]
        for start, stop in pairwise(edges):
            states = tuple([state[start:stop] for state in slot.states])
            slot.pieces.append(Piece(slot.flat[start:stop], states, start, stop))

    def _share(self, slots: list[tuple[Slot, dict[str, Any]]]) -> None:
        """Puts small slots of one home into pieces together, as many as go into each."""
        waiting: list[tuple[Slot, dict[str, Any]]] = []
        filled, most = 0, self._piece_size(slots[0][0].home)
        for item in slots:
            if waiting and filled + item[0].flat.size > most:
                self._share_one(waiting)
                waiting, filled = [], 0
            waiting.append(item)
            filled += item[0].flat.size
        self._share_one(waiting)

    def _share_one(self, slots: list[tuple[Slot, dict[str, Any]]]) -> None:
        home, dtype = slots[0][0].home
        size = sum(slot.flat.size for slot, _ in slots)
        piece = Piece(home.xp.empty(size, dtype=dtype), tuple([home.xp.zeros(size, dtype=dtype) for _ in self.names]))
        piece.gradients = home.xp.empty(size, dtype=dtype)
        start = 0
        for slot, held in slots:
            stop = start + slot.flat.size
            slot.set_states([state[start:stop] for state in piece.states])
            for name, state in zip(self.names, slot.states, strict=True):
                if name in held:
                    state[...] = self._state(slot, held[name])
            piece.members.append((slot, piece.values[start:stop]))
            slot.shared = piece if len(slots) > 1 else None
            start = stop
            self._cut(slot)

    def _deal_out(self) -> None:
        """Gives every piece a thread, and that thread's temporaries."""
        every = [slot for slot in self.slots if slot is not None]
        pieces = [piece for slot in every for piece in slot.pieces]
        pieces += {id(slot.shared): slot.shared for slot in every if slot.shared is not None}.values()
        sizes: dict[tuple[Any, ...], int] = {}
        for number, piece in enumerate(pieces):
            piece.thread = number % self.threads
            key = backend_of(piece.values), piece.values.dtype, piece.thread
            sizes[key] = max(sizes.get(key, 0), piece.values.size)
        scratch = {
            key: [key[0].xp.empty(size, dtype=key[1]) for _ in range(self.temporaries)] for key, size in sizes.items()
        }
        for piece in pieces:
            shape, size = piece.values.shape, piece.values.size
            given = scratch[backend_of(piece.values), piece.values.dtype, piece.thread]
            piece.temporaries = tuple([array[:size].reshape(shape) for array in given])

    def fits(self, parameters: Sequence[Tensor], live: Sequence[int], state: Any, names: tuple[str, ...]) -> bool:
        """Whether all that have a gradient have a slot, and nothing was exchanged since."""
        if names != self.names or len(parameters) != len(self.slots):
            return False
        for k in live:
            slot, parameter = self.slots[k], parameters[k]
            if slot is None or slot.array is not parameter._array or slot.parameter is not parameter:
                return False
            if not slot.fresh:
                held = state[parameter]
                for name, tensor in zip(names, slot.tensors, strict=True):
                    if held.get(name) is not tensor:
                        return False
        return True

    def work(self, live: Sequence[int], numbers: Callable[[Home, float], Any]) -> list[Job]:
        """The pieces to update, for the parameters that have a gradient now."""
        steps = self.steps.tolist()
        found: list[Job] = []
        together: dict[int, bool] = {}
        present = set(live)
        place = {id(self.slots[k]): k for k in live}
        for k in live:
            slot = self.slots[k]
            assert slot is not None
            shared = slot.shared
            if shared is not None:
                whole = together.get(id(shared))
                if whole is None:
                    others = [place.get(id(member)) for member, _ in shared.members]
                    whole = together[id(shared)] = all(o in present and steps[o] == steps[k] for o in others)
                    if whole:
                        found.append((shared, None, numbers(slot.home, steps[k] + 1)))
                if whole:
                    continue
            gradient = slot.gradient()
            ours = numbers(slot.home, steps[k] + 1)
            for piece in slot.pieces:
                found.append((piece, gradient[piece.start : piece.stop] if piece.stop else gradient, ours))
        return found

    def run(self, work: Sequence[Job], update: Update, group: dict[str, Any]) -> None:
        """Updates all pieces."""
        if not work:
            return
        if self.threads == 1:
            _run(work, update, group)
        else:
            shares = [[item for item in work if item[0].thread == t] for t in range(self.threads)]
            run_all([partial(_run, share, update, group) for share in shares if share])


def _run(work: Sequence[Job], update: Update, group: dict[str, Any]) -> None:
    xp = work[0][0].xp
    # A gradient that is not finite shows in the values, as it would on a device; it must not end a step half-way.
    with xp.errstate(all="ignore") if hasattr(xp, "errstate") else nullcontext():
        for piece, gradients, numbers in work:
            if gradients is None:
                gradients = piece.gather()
            update(piece.xp, group, numbers, piece.values, gradients, piece.states, piece.temporaries)
            if piece.members:
                piece.put_back()


__all__ = ["Home", "Layout", "Slot"]
