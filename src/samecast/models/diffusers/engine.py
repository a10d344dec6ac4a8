"""The engine of a model that runs on this computer: from an order to frames, by whatever pipeline its folder holds.

What it is called with is `calling`'s, how it is loaded `loading`'s and `memory`'s, whose turn it is `resident`'s. Equal
recipes give equal pixels: the seed draws on the CPU, and nothing that is kept between takes changes any.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import Any

from samecast.core.errors import OutOfMemory, Refused, RenderFailed
from samecast.core.recipe import recipe_to_json
from samecast.models.diffusers.blocks import watched_blocks
from samecast.models.diffusers.calling import Call, Calling
from samecast.models.diffusers.families import Family, family_of
from samecast.models.diffusers.fetching import pull
from samecast.models.diffusers.libraries import check_installed, hushed, torch, version_of
from samecast.models.diffusers.loading import Loaded, Loading, machine
from samecast.models.diffusers.loras import Worn, wear
from samecast.models.diffusers.memory import Need, plan_memory, working_bytes
from samecast.models.diffusers.motions import Motions
from samecast.models.diffusers.pictures import frames_of
from samecast.models.diffusers.remembering import remembering
from samecast.models.diffusers.resident import Company, Resident, Seat
from samecast.models.diffusers.setup import read_setup
from samecast.models.diffusers.stepping import stepping
from samecast.models.diffusers.weights import Depot, Source
from samecast.ports import ModelProfile, Render, Rendered

VERSION = "1"
"""Changes whenever equal recipes would give other pixels."""
RESIDENT: Resident[Loaded] = Resident()
"""One model is loaded in a process, whichever engine asks for it."""
SILENT = "It makes sound as well, which a take does not keep."
log = logging.getLogger("samecast.models.diffusers")


class Diffusers:
    """`ports.Engine`, and `pull`. Raises `InvalidInput` where the profile's `setup` is wrong."""

    def __init__(self, profile: ModelProfile, *, depot: Depot, resident: Resident[Loaded] = RESIDENT) -> None:
        self._profile = profile
        self._depot = depot
        self._resident = resident
        self._setup = read_setup(profile)

    @property
    def version(self) -> str:
        """Of this engine, of diffusers, and of everything the model's takes depend on: its setup and its weights.

        Not of where they lie, nor of where they are kept while a take is made.
        """
        marks = [self._depot.mark(source) for source in self._sources]
        adapter = replace(self._setup.adapter, folder="") if self._setup.adapter is not None else None
        setup = replace(self._setup, folder="", memory="auto", adapter=adapter)
        tree = json.dumps([asdict(setup), marks], sort_keys=True, default=str)
        digest = hashlib.sha256(tree.encode()).hexdigest()[:12]
        return f"{VERSION}+diffusers{version_of('diffusers')}+{digest}"

    def check(self) -> None:
        check_installed()
        check_installed(*self._family.needs)

    def pull(self, on_step: Callable[[str, int, int], None] = lambda step, done, total: None) -> None:
        """Fetch what is not here yet and pin it. `on_step` is told bytes, and may raise to stop.

        Raises `Unreachable`, `NotFound`, `KeyRefused`, `StorageFailed`.
        """
        adapter = self._setup.adapter
        for source in self._sources:
            if source.folder:
                self._depot.locate(source, model=self._profile.id)
            elif source is self._sources[0] or adapter is None:
                skip = (*self._setup.skip, *family_of(self._setup.pipeline, self._setup.family).without)
                pull(self._depot, source, on_step, variant=self._setup.variant, skip=skip)
            else:
                encoder = adapter.encoder if "/" in adapter.encoder else f"{adapter.subfolder}/{adapter.encoder}"
                pull(self._depot, source, on_step, folders=[adapter.subfolder, encoder.strip("/")])

    def render(self, order: Render) -> Rendered:
        """Make the take; it is whole when this returns. Takes wait for each other here, and can be stopped meanwhile.

        Raises `OutOfMemory`, `RenderFailed`, `InvalidInput`, and what `check` raises.
        """
        self.check()
        seat, key = Seat(order), f"{self.version} {self._setup.memory}"
        alike = f"{key} {recipe_to_json(replace(order.recipe, seed=0))}"
        most = self._setup.batch if self._family.several else 1
        self._resident.serve(seat, alike=alike, most=most, make=partial(self._make, key))
        return Rendered(frames=iter(seat.frames), notes=seat.notes)

    # --- what it runs -----------------------------------------------------------------------------------------------

    @cached_property
    def _sources(self) -> tuple[Source, ...]:
        """The model's weights, and its adapter's."""
        setup, found = self._setup, []
        found.append(Source(folder=setup.folder, repo=setup.repo, revision=setup.revision))
        if setup.adapter is not None:
            adapter = setup.adapter
            file = f"{adapter.subfolder}/{adapter.weight}".lstrip("/")
            found.append(Source(folder=adapter.folder, repo=adapter.repo, revision=adapter.revision, files=(file,)))
        return tuple(found)

    @property
    def _loading(self) -> Loading:
        folders = [self._depot.locate(source, model=self._profile.id) for source in self._sources]
        adapter = folders[1] if len(folders) > 1 else None
        return Loading(folder=folders[0], setup=self._setup, adapter=adapter, model=self._profile.id)

    @property
    def _family(self) -> Family:
        return family_of(self._loading.pipeline, self._setup.family)

    def _load(self, step: Callable[[str, int, int], None]) -> Loaded:
        step("load", 0, 1)
        loading, family, setup = self._loading, self._family, self._setup
        quantization = setup.quantization
        sizes = [
            working_bytes(*size, round(self._profile.max_seconds * self._profile.fps) if kind == "video" else 1)
            for kind in self._profile.kinds
            for aspect in self._profile.aspects
            if (size := self._profile.size(kind, aspect)) is not None
        ]
        need = Need(
            parameters=loading.parameters(family),
            working=max(sizes),
            wish=setup.memory,
            dtype=setup.dtype,
            bits=quantization.bits if quantization is not None else None,
            forced=quantization is not None and quantization.when == "always",
            ways=("none", "model", "group") if loading.modular else ("none", "model", "group", "sequential"),
        )
        plan = plan_memory(machine(), need, model=self._profile.id)
        loaded = loading.load(family, plan)
        step("load", 1, 1)
        return loaded

    # --- a take -----------------------------------------------------------------------------------------------------

    def _make(self, key: str, company: Company) -> None:
        """Make the takes of all seats, equal but for their seeds. `key`: of the model that is to be loaded."""
        order = company.seats[0].order
        fresh = self._resident.holds != key
        with hushed(), self._failing():
            loaded = self._resident.hold(key, partial(self._load, company.step))
            calling = Calling(
                profile=self._profile,
                setup=self._setup,
                family=loaded.family,
                takes=loaded.takes,
                motions=Motions(self._depot.home / "motions"),
            )
            call = calling.of(order)
            loaded.worn = self._wear(loaded, order, call)
            made = self._call(loaded, call, company)
            self._hand_out(loaded, made, company, call.notes + ((loaded.plan.says,) if fresh else ()))

    def _wear(self, loaded: Loaded, order: Render, call: Call) -> Worn:
        """Put on the recipe's LoRAs; whatever goes wrong, the pipeline is known to have none on."""
        worn, loaded.worn = loaded.worn, ()
        family = loaded.family
        refers = family.references is not None and family.references.argument in call.arguments
        into = family.loras_referring if refers else ""
        return wear(loaded.pipe, worn, order.recipe.loras, order.files, into=into)

    def _call(self, loaded: Loaded, call: Call, company: Company) -> Any:
        pipe, order = loaded.pipe, company.seats[0].order
        if call.scale is not None:
            pipe.set_ip_adapter_scale(call.scale)
        if loaded.guider is not None:
            pipe.update_components(guider=loaded.guider.new(**call.guiders) if call.guiders else loaded.guider)
        context = json.dumps([order.recipe.options, loaded.worn, dict(call.guiders)], default=str)
        seeds = [torch().Generator("cpu").manual_seed(seat.order.recipe.seed) for seat in company.seats]
        arguments: dict[str, object] = {**call.arguments, "generator": seeds[0]}
        if len(seeds) > 1:
            arguments |= {"generator": seeds, loaded.family.several: len(seeds)}
        with ExitStack() as watched:
            reading = {name: _reading(name) for name in loaded.family.remember}
            watch = watched_blocks if loaded.modular else remembering
            watched.enter_context(watch(pipe, reading, loaded.remembered, context, company.step))
            arguments |= watched.enter_context(
                stepping(pipe, company.step, callback=loaded.family.callback and not loaded.modular)
            )
            try:
                if loaded.modular:
                    return pipe(output=loaded.family.result, **arguments)
                return pipe(**arguments)
            except BaseException:
                loaded.tidy()
                raise

    def _hand_out(self, loaded: Loaded, made: Any, company: Company, notes: tuple[str, ...]) -> None:
        """Every seat its own frames of what was made, in the order of their seeds."""
        family = loaded.family
        takes = made if loaded.modular else getattr(made, family.result)
        flagged = getattr(made, "nsfw_content_detected", None) or []
        if family.sound:
            notes += (SILENT,)
        for number, seat in enumerate(company.seats):
            if number < len(flagged) and flagged[number]:
                seat.error = seat.error or Refused(
                    "The model's own safety checker has blanked this take.", hint="Shoot it again.", charged=False
                )
                continue
            recipe = seat.order.recipe
            seat.frames = frames_of(
                takes[number],
                width=recipe.width,
                height=recipe.height,
                count=recipe.frames,
                multiple=family.multiple,
            )
            seat.notes = notes

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What torch and diffusers raise, as one of our errors; a model that failed so is let go."""
        library = torch()
        try:
            yield
        except library.OutOfMemoryError as error:
            self._resident.spoil()
            raise self._out_of_memory() from error
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError, OSError) as error:
            self._resident.spoil()
            log.debug("a take failed", exc_info=True)
            if "out of memory" in str(error) or "can't allocate memory" in str(error):
                raise self._out_of_memory() from error
            words = " ".join(str(error).split())[:240]
            raise RenderFailed(
                f"{self._profile.id} could not make it: {type(error).__name__}: {words}",
                hint="Check its entry against docs/models-local.md; its log says more at the level DEBUG.",
                charged=False,
            ) from error

    def _out_of_memory(self) -> OutOfMemory:
        return OutOfMemory(
            f"{self._profile.id} ran out of memory while making a take.",
            hint='Order a smaller or shorter one, or set memory = "group" in the setup of its entry.',
            charged=False,
        )


def _reading(method: str) -> str:
    """What a method that only reads is reported as."""
    return "read prompt" if "prompt" in method or "text" in method else "read references"
