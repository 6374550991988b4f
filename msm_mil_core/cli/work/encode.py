"""Slides in, files of features out: what the command encode does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.outputs import check_free, check_outputs, output_paths
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.running.bag_kind import BagKind
from msm_mil_core.cli.running.batch import each_slide, finish
from msm_mil_core.cli.training.held import held
from msm_mil_core.encoders.encode_slide import encode_folder, encode_slide
from msm_mil_core.encoders.encoding_options import EncodingOptions
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.learning.dataset.finding import listed
from msm_mil_core.slides.formats.image_folder import folders_of_images, images_in


def encode_slides(
    slides: Sequence[Path], out_folder: Path, bag: BagKind, encoder: str, options: EncodingOptions, *, overwrite: bool
) -> int:
    """Encode each bag, and return the exit code."""
    bags = [path for slide in slides for path in _bags_of(slide, bag)]
    paths = output_paths(bags, out_folder, ".h5")
    check_outputs(paths.values(), overwrite=overwrite)
    loaded = load_encoder(encoder, device=options.encode.device, precision=options.encode.precision)

    def encode_one(path: Path) -> str:
        with held(paths[path], "is being encoded"):
            check_free(paths[path], overwrite=overwrite, instead="another --out folder")
            work = encode_folder if bag == "folder" and _holds_images(path) else encode_slide
            encoded = drive(work(path, loaded, options), path.name)
            save_bag(encoded, paths[path])
        return f"wrote {paths[path]}: {_size(encoded)}"

    done = each_slide(bags, encode_one)
    for line in done.good.values():
        print_line(line)
    return finish(done)


def _bags_of(path: Path, bag: str) -> Iterator[Path]:
    """Give what becomes a bag: the path itself, or the images of a folder and of those inside it, or these folders."""
    folders = folders_of_images(path) if path.is_dir() else ()
    for folder in folders:
        yield from images_in(folder) if bag == "picture" else (folder,)
    if not folders:
        yield path


def _holds_images(path: Path) -> bool:
    return path.is_dir() and bool(images_in(path))


def _size(bag: FeatureBag) -> str:
    size = f"{len(bag)} tiles x {bag.features.shape[1]}"
    if not bag.joined:
        return size
    empty = [one.name for one in bag.joined if not one.tiles]
    without = f", {len(empty)} without tissue ({listed(empty)})" if empty else ""
    return f"{size} of {len(bag.joined)} pictures{without}"
