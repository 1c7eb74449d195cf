"""Says what a training run's model is: its metadata, and in words how its songs were parted."""

from melonnx.infer.model.metadata import ModelInfo
from melonnx.train.data.splits import artists_in_several_parts
from melonnx.train.run import Run, RunError

__all__ = ["describe_run", "describe_split", "rounded"]


def describe_run(
    run: Run,
    *,
    name: str,
    version: str,
    dataset: str = "",
    license_name: str = "",
    attribution: str = "",
) -> ModelInfo:
    """The metadata of the model of ``run``, but for its figures.

    Raises RunError where the format allows no such name, version or labels.
    """
    settings = run.settings
    try:
        return ModelInfo(
            name=name,
            version=version,
            labels=run.labels,
            parents=run.parents,
            mel_spec=settings.mel_spec,
            window=settings.window,
            window_hop=settings.window_hop,
            max_windows=settings.max_windows,
            temperature=round(run.temperature, 4),
            pooling=settings.pooling,
            bars=rounded(run.bars),
            accepts=rounded(run.accepts),
            music_bar=round(run.music_bar, 4),
            dataset=dataset,
            split=describe_split(run),
            license=license_name,
            attribution=attribution,
        )
    except ValueError as error:
        raise RunError(f"{run.folder}: cannot become a model file: {error}") from None


def rounded(rows: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Bars or rates as a file keeps them: to four digits."""
    return {
        key: {name: round(value, 4) for name, value in row.items()} for key, row in rows.items()
    }


def describe_split(run: Run) -> str:
    """How the songs of ``run`` were parted, and whether artists are in several parts."""
    if run.settings.folds and run.settings.network == "genre_tags":
        return (
            f"{run.settings.folds} folds by {run.settings.split}, seed {run.settings.seed}: "
            f"{len(run.songs('train'))} songs; temperature and bars for each are those of the "
            "other folds, and nothing else is learnt"
        )
    if run.settings.folds:
        heard = "its artist" if run.settings.split == "artist" else "it: ARTISTS LEAK"
        return (
            f"{run.settings.folds} folds by {run.settings.split}, seed {run.settings.seed}: "
            f"{len(run.songs('train'))} songs, each asked of a network that had not heard {heard}; "
            f"this one has learnt from all {len(run.tracks)} tracks"
        )
    if run.settings.split == "none":
        return f"none: all {len(run.tracks)} tracks were learnt from, and nothing was measured"
    sizes = (
        ", ".join(f"{len(run.part(part))} {part}" for part in ("train", "valid"))
        + f", {len(run.songs('test'))} test"
    )
    if run.settings.split == "official":
        shared = artists_in_several_parts(run.tracks, run.parts)
        known = f"{shared} artists in several parts"
        how = known if any(track.artist for track in run.tracks) else "artists unknown"
        return f"official: {sizes} ({how})"
    how = (
        "no known artist in two parts"
        if run.settings.split == "artist"
        else "ARTISTS IN SEVERAL PARTS"
    )
    return f"{run.settings.split}, seed {run.settings.seed}: {sizes} ({how})"
