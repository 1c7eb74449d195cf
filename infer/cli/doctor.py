"""The command ``melonnx doctor``."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer()

_SIGNS = {"ok": "ok", "absent": "-", "broken": "BROKEN"}


@app.command()
def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="The findings as one JSON object.")
    ] = False,
) -> None:
    """Check that all of melonnx works here: paste this into a bug report.

    Versions, extras, execution providers that really come up, formats that really decode, the
    released models against their checksums, and a timed song against its known answer. Exit
    code 1 where something is broken; what is not installed ("-") is not.
    """
    from melonnx.infer.diagnostics.checks import Finding, examine

    findings: list[Finding] = []
    part = ""
    for finding in examine():
        findings.append(finding)
        if as_json:
            continue
        if finding.part != part:
            part = finding.part
            print(part)
        print(
            f"  {_SIGNS[finding.status]:6} {finding.name:24} {finding.detail}".rstrip(), flush=True
        )
    broken = [finding for finding in findings if finding.status == "broken"]
    if as_json:
        rows = [asdict(finding) for finding in findings]
        print(json.dumps({"ok": not broken, "findings": rows}, indent=1))
    elif broken:
        print(f"melonnx: {len(broken)} broken", file=sys.stderr)
    if broken:
        raise typer.Exit(1)
