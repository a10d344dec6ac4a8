"""Tiny models, each built once; engines on them; and pictures to show them. torch uses one thread: more are slower.

Nothing here imports torch before a test asks for a model, so that what does without it is tested without it too.
"""

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.models.diffusers.making import Shelf

from samecast.models.diffusers.loading import Loaded
from samecast.models.diffusers.resident import Resident
from samecast.ports import Picture


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with contextlib.suppress(ImportError):
        import diffusers
        import torch
        import transformers

        torch.set_num_threads(1)
        assert diffusers.__version__
        assert transformers.__version__
        gc.collect()  # what is garbage by now would be kept
        gc.freeze()  # a model that is let go is collected, and there is much else to look through
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-models")


@pytest.fixture
def shelf(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Tiny models and engines on them. Processors that cannot be built without torchvision are stood in for."""
    import transformers
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as qwen
    from tests.models.diffusers import tiny

    monkeypatch.setattr(transformers.AutoProcessor, "from_pretrained", lambda *_, **__: tiny.Speaking())
    monkeypatch.setattr(transformers.Qwen2VLProcessor, "from_pretrained", lambda *_, **__: tiny.Seeing())
    monkeypatch.setattr(transformers.Qwen3VLProcessor, "from_pretrained", lambda *_, **__: tiny.Watching())
    monkeypatch.setattr(qwen, "VAE_IMAGE_SIZE", 64 * 64)  # else a reference becomes a megapixel
    resident: Resident[Loaded] = Resident()
    yield Shelf(tiny_models, tmp_path, resident)
    resident.free()


@pytest.fixture(scope="session")
def pictures() -> list[Picture]:
    """Three that no network takes for the same, of different shapes."""
    rng = np.random.default_rng(3)
    return [Picture(rgb=rng.integers(0, 256, (80 + 16 * n, 112, 3), np.uint8)) for n in range(3)]
