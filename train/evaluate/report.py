"""Writes what an evaluation found: report.md to read, report.json to compute with, pictures."""

import json
from pathlib import Path

from melonnx.infer.results.replace import write_text
from melonnx.train.calibrate import DEFAULT_RATE
from melonnx.train.evaluate.evaluation import Study
from melonnx.train.evaluate.report_figures import draw_conditions, draw_confusion, draw_reliability
from melonnx.train.evaluate.report_text import (
    calibration_section,
    condition_section,
    genre_section,
    metal_section,
    score_section,
    source_section,
)
from melonnx.train.evaluate.scores import Report

__all__ = ["write_report"]


def write_report(study: Study, folder: Path) -> None:
    """Write ``report.md``, ``report.json`` and three PNGs into ``folder``, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_confusion(study.scores, folder / "confusion.png")
    draw_reliability(study.scores, folder / "reliability.png")
    draw_conditions(study.conditions, study.scores.majority_baseline, folder / "conditions.png")
    write_text(folder / "report.json", json.dumps(study.to_dict(), indent=2))
    write_text(folder / "report.md", _markdown(study))


def _markdown(study: Study) -> str:
    scores = study.scores
    sections = [
        f"# {study.info.name} {study.info.version} on {scores.songs} songs",
        _setting(study),
        score_section(scores, study.split, study.random),
        genre_section(scores, study.info.bars.get(DEFAULT_RATE, {})),
        calibration_section(scores, study.info.temperature),
        condition_section(study.conditions),
        metal_section(study.conditions),
        source_section(study.sources),
        _left_out(scores),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _setting(study: Study) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in study.versions.items())
    facts = {
        "model": f"`{study.model_file}`, sha256 `{study.model_sha256}`",
        "learnt from": study.info.dataset or "not said in the file",
        "its split": study.info.split or "not said in the file",
        "measured on": f"{study.data}: {study.scores.songs} songs by {study.scores.groups} "
        "artists (where unknown: blocks of ten neighbours)",
        "through": f"the runtime, from the audio files: {versions}",
        "intervals": "95%, percentile bootstrap that draws whole artists or blocks",
    }
    rows = [f"| {name} | {fact} |" for name, fact in facts.items()]
    again = f"Made, and made again, by\n\n```sh\n{study.command}\n```"
    return "\n".join(["| | |", "|---|---|", *rows, "", again])


def _left_out(scores: Report) -> str:
    if not scores.failures:
        return "## Left out\n\nNo song: each was read and answered."
    rows = [f"- {reason}" for reason in scores.failures.values()]
    return "\n".join([f"## Left out\n\n{len(rows)} songs that could not be classified:\n", *rows])
