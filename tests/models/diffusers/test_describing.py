"""A folder as a catalogue's entry: one that is accepted, says what is known, and makes takes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from samecast.core.errors import InvalidInput, NotFound
from samecast.models.catalogue import parse_catalogue
from samecast.models.diffusers import entry_for
from samecast.ports import Picture


def folder_of(root: Path, kind: str, **configs: dict[str, object]) -> Path:
    root.mkdir(exist_ok=True)
    (root / "model_index.json").write_text(json.dumps({"_class_name": kind}))
    for part, config in configs.items():
        (root / part).mkdir(exist_ok=True)
        (root / part / "config.json").write_text(json.dumps(config))
    return root


def test_a_known_pipeline_is_described_by_its_family(tmp_path: Path):
    folder = folder_of(
        tmp_path / 'a "klein"', "Flux2KleinPipeline", transformer={"in_channels": 128}, vae={"sample_size": 1024}
    )
    profile = parse_catalogue(entry_for(folder, model="mine"))["mine"]
    assert profile.name == 'a "klein"'
    assert profile.setup == {"folder": str(folder)}
    assert (profile.kinds, profile.resource, profile.engine) == (("image",), "gpu", "diffusers")
    assert profile.still_sizes[(1, 1)] == (1024, 1024)
    assert profile.still_sizes[(16, 9)] == (1360, 768)
    assert profile.references == 4
    assert profile.edits
    assert profile.mentioning is not None
    assert profile.mentioning.picture == "image {n}"
    assert [option.name for option in profile.options] == ["steps"]
    assert profile.cost is not None
    assert profile.licence.startswith("Unknown")


def test_sizes_are_its_own_networks_and_multiples_of_what_it_needs(tmp_path: Path):
    for kind, configs, square in (
        ("StableDiffusionXLPipeline", {"unet": {"sample_size": 128}, "vae": {"block_out_channels": [1] * 4}}, 1024),
        ("StableDiffusionPipeline", {"unet": {"sample_size": 64}, "vae": {"block_out_channels": [1] * 4}}, 512),
        ("Flux2KleinPipeline", {"transformer": {"in_channels": 16}, "vae": {"sample_size": 64}}, 64),
        ("Flux2KleinPipeline", {}, 1024),
    ):
        folder = folder_of(tmp_path / f"{kind}-{square}", kind, **configs)
        profile = parse_catalogue(entry_for(folder, model="mine"))["mine"]
        assert profile.still_sizes[(1, 1)] == (square, square)
        assert all(side % 8 == 0 for size in profile.still_sizes.values() for side in size)


def test_a_clip_s_model_says_its_frames(tmp_path: Path):
    for kind, fps, last in (("WanImageToVideoPipeline", 16, True), ("LTX2ConditionPipeline", 24, True)):
        profile = parse_catalogue(entry_for(folder_of(tmp_path / kind, kind), model="mine"))["mine"]
        assert profile.kinds == ("video",)
        assert (profile.fps, profile.first_frame, profile.last_frame) == (fps, True, last)
        assert profile.max_seconds == 5
    vace = parse_catalogue(entry_for(folder_of(tmp_path / "vace", "WanVACEPipeline"), model="mine"))["mine"]
    assert (vace.references, vace.first_frame, vace.min_seconds) == (4, False, 0.5)
    h3 = parse_catalogue(entry_for(folder_of(tmp_path / "h3", "MiniMaxH3ModularPipeline"), model="mine"))["mine"]
    assert (h3.references, h3.first_frame, h3.last_frame) == (9, True, True)
    assert (h3.min_seconds, h3.max_seconds) == (5, 14)


@pytest.mark.parametrize(
    ("config", "last"),
    [
        ({"image_dim": None, "pos_embed_seq_len": None}, True),  # Wan 2.2
        ({"image_dim": 1280, "pos_embed_seq_len": None}, False),  # Wan 2.1
        ({"image_dim": 1280, "pos_embed_seq_len": 514}, True),  # Wan 2.1, first and last frame
    ],
)
def test_a_last_frame_is_only_offered_where_the_weights_take_one(tmp_path: Path, config: dict[str, object], last: bool):
    folder = folder_of(tmp_path / "wan", "WanImageToVideoPipeline", transformer=config)
    assert parse_catalogue(entry_for(folder, model="mine"))["mine"].last_frame == last


def test_an_unknown_pipeline_and_one_without_its_adapter_are_described_honestly(tmp_path: Path):
    profile = parse_catalogue(entry_for(folder_of(tmp_path / "odd", "OddPipeline"), model="odd"))["odd"]
    assert "does not know OddPipeline" in profile.notes
    assert profile.references == 0
    sdxl = folder_of(tmp_path / "sdxl", "StableDiffusionXLPipeline")
    profile = parse_catalogue(entry_for(sdxl, model="sdxl"))["sdxl"]
    assert profile.references == 0
    assert "adapter" in profile.notes


def test_what_is_no_model_is_refused(tmp_path: Path):
    with pytest.raises(NotFound, match="no diffusers folder"):
        entry_for(tmp_path, model="mine")
    with pytest.raises(InvalidInput, match="cannot be an id"):
        entry_for(folder_of(tmp_path / "a", "Flux2KleinPipeline"), model="Mine!")


def test_an_added_folder_makes_takes_as_it_is_listed(request: pytest.FixtureRequest, pictures: list[Picture]):
    pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")
    from tests.models.diffusers.making import make, ordered

    shelf = request.getfixturevalue("shelf")
    profile = parse_catalogue(entry_for(shelf.folder("flux2-klein"), model="mine"))["mine"]
    size = profile.size("image", (1, 1))
    assert size == (64, 64)
    profile = replace(profile, aspects=((4, 3), *profile.aspects), still_sizes={**profile.still_sizes, (4, 3): size})
    recipe, references = ordered(profile, pictures[:2], options=(("steps", "4"),))
    assert make(shelf.engine(profile), recipe, references)[0].shape == (64, 64, 3)
