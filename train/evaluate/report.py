"""Writes what an evaluation found: report.md to read, report.json to compute with, pictures."""

import json
from pathlib import Path

from melonnx.infer.results.replace import write_text
from melonnx.train.calibrate import DEFAULT_RATE
from melonnx.train.evaluate.evaluation import Evaluation
from melonnx.train.evaluate.report_figures import draw_confusion, draw_corruptions, draw_reliability
from melonnx.train.evaluate.report_text import (
    calibration_section,
    corruption_section,
    genre_section,
    metal_section,
    score_section,
    source_section,
)
from melonnx.train.evaluate.scores import Report

__all__ = ["write_report"]


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write ``report.md``, ``report.json`` and three PNGs into ``folder``, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_confusion(evaluation.scores, folder / "confusion.png")
    draw_reliability(evaluation.scores, folder / "reliability.png")
    draw_corruptions(
        evaluation.corruptions, evaluation.scores.majority_baseline, folder / "conditions.png"
    )
    write_text(folder / "report.json", json.dumps(evaluation.to_dict(), indent=2))
    write_text(folder / "report.md", _markdown(evaluation))


def _markdown(evaluation: Evaluation) -> str:
    scores = evaluation.scores
    sections = [
        f"# {evaluation.info.name} {evaluation.info.version} on {scores.songs} songs",
        evaluation.learnt.line().replace("THESE FIGURES FLATTER", "**these figures flatter**"),
        _setting(evaluation),
        score_section(scores, evaluation.split, evaluation.random),
        genre_section(scores, evaluation.info.bars.get(DEFAULT_RATE, {})),
        calibration_section(scores, evaluation.info.temperature),
        corruption_section(evaluation.corruptions),
        metal_section(evaluation.corruptions),
        source_section(evaluation.sources),
        _left_out(scores),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _setting(evaluation: Evaluation) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in evaluation.versions.items())
    facts = {
        "model": f"`{evaluation.model_file}`, sha256 `{evaluation.model_sha256}`",
        "learnt from": evaluation.info.dataset or "not said in the file",
        "its split": evaluation.info.split or "not said in the file",
        "measured on": f"{evaluation.data}: {evaluation.scores.songs} songs by "
        f"{evaluation.scores.groups} artists (where unknown: blocks of ten neighbours)",
        "through": f"the runtime, from the audio files: {versions}",
        "intervals": "95%, percentile bootstrap that draws whole artists or blocks",
    }
    rows = [f"| {name} | {fact} |" for name, fact in facts.items()]
    again = f"Made, and made again, by\n\n```sh\n{evaluation.command}\n```"
    return "\n".join(["| | |", "|---|---|", *rows, "", again])


def _left_out(scores: Report) -> str:
    if not scores.failures:
        return "## Left out\n\nNo song: each was read and answered."
    rows = [f"- {reason}" for reason in scores.failures.values()]
    return "\n".join([f"## Left out\n\n{len(rows)} songs that could not be classified:\n", *rows])
