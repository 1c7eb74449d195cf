"""The command as a user meets it: what it prints, where, and its exit codes."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.conftest import RATE, encode, make_song


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "song one.wav"
    path.write_bytes(encode(make_song(12), RATE, "WAV", "PCM_16"))
    return path


@pytest.fixture(scope="module")
def text(song):
    path = song.with_name("notes.mp3")
    path.write_text("only words\n" * 99)
    return path


def test_help_lists_every_command(melonnx):
    result = melonnx("--help")
    assert result.returncode == 0
    for command in ("classify", "info", "data", "train", "evaluate", "export"):
        assert command in result.stdout


@pytest.mark.parametrize("command", ["classify", "info", "data", "train", "evaluate", "export"])
def test_every_command_explains_itself(melonnx, command):
    result = melonnx(command, "--help")
    assert result.returncode == 0
    assert f"melonnx {command}" in result.stdout


def test_help_has_sections_and_the_commands_own_words(melonnx):
    import typer

    from melonnx.infer.cli.group import app
    from melonnx.infer.cli.registry import COMMANDS

    result = melonnx("-h")
    assert result.returncode == 0
    sections = [entry.section for entry in COMMANDS.values()]
    assert sections == sorted(sections, key=sections.index)
    for section in {*sections}:
        assert f" {section} " in result.stdout
    group = typer.main.get_group(app)
    context = typer.Context(group)
    for name, entry in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        first = " ".join((command.help or "").partition("\n\n")[0].split())
        assert first == entry.summary


@pytest.mark.parametrize(
    ("typed", "cure"),
    [
        (["clasify", "song.mp3"], "did you mean classify?"),
        (["song one.wav"], "melonnx classify 'song one.wav'"),
        (["s3://music/a.mp3"], "melonnx classify s3://music/a.mp3"),
        (["zzz"], "melonnx -h lists them"),
        (["classify", "song one.wav", "--timelin"], "--timeline"),
        (["classify", "song one.wav", "--model", "genre_base"], "did you mean genre-base?"),
        (["explain", "song one.wav", "--against", "plse"], "did you mean pulse?"),
        (["classify", "song one.wav", "--sure", "many"], "integer"),
        (["classify", "song one.wav", "--device", "gpu"], "auto, cpu or cuda"),
        (["info", "song one.wav"], "is not an ONNX file"),
        (["classify", "song_one.wav"], "no such file, did you mean song one.wav?"),
        (["explain", "song one.flac"], "no such file, did you mean song one.wav?"),
        (["organize", "song one.wav"], "Missing option '--to'. Where playlists or songs go."),
        (["tag", "--undo"], "requires an argument LOG. "),
        (["similar", "song one.wav", "--in"], "requires an argument INDEX. From"),
        (["classify", "http://radio/song.mp3"], "download it first"),
    ],
)
def test_mistakes_are_answered_with_the_cure(melonnx, song, tiny_model, typed, cure):
    if typed[0] == "explain":
        typed = [*typed, "--model", str(tiny_model)]
    result = melonnx(*typed, cwd=song.parent, env=os.environ | {"COLUMNS": "200"})
    assert result.returncode in (1, 2)
    assert cure in result.stderr
    assert "Traceback" not in result.stderr


def test_version(melonnx):
    assert melonnx("--version").stdout.startswith("melonnx 0.")


def test_lines_are_tab_separated_and_stderr_is_quiet(melonnx, song, tiny_model):
    result = melonnx("classify", song, "--model", tiny_model, "--top", 2)
    path, first, p, second, q, sure = result.stdout.rstrip("\n").split("\t")
    assert (result.returncode, result.stderr) == (0, "")
    assert path == str(song)
    assert {first, second} < {"drone", "noise", "pulse"}
    assert 1 >= float(p) >= float(q) >= 0
    assert sure == "unsure"


def test_a_few_songs_are_answered_alike_with_and_without_the_parser(melonnx, song, text, tmp_path):
    missing = tmp_path / "missing.wav"
    for paths in ((song,), (song, text, song), (song, missing)):
        plain, parsed = melonnx("classify", *paths), melonnx("classify", *paths, "--sure", 90)
        assert plain.stdout.count("\n") == paths.count(song)
        assert (plain.stdout, plain.stderr) == (parsed.stdout, parsed.stderr)
        assert plain.returncode == parsed.returncode == int(len(paths) > 1)


def test_json_is_one_object_a_line_with_failed_files_among_them(melonnx, song, text, tiny_model):
    result = melonnx("classify", song, text, song, "--json", "--model", tiny_model)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert [row["status"] for row in rows] == ["ok", "unreadable", "ok"]
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1)
    assert rows[0]["timeline"][0]["start_s"] == 0
    assert rows[0]["model"] == "tiny 0"
    assert result.stderr == f"melonnx: {text}: is not audio: it looks like text\n"


def test_bad_file_costs_one_line_and_the_exit_code_only(melonnx, song, text, tiny_model, tmp_path):
    gone = tmp_path / "gone.flac"
    result = melonnx("classify", text, gone, tmp_path, song, "--model", tiny_model)
    assert result.returncode == 1
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == [str(song)]
    assert result.stderr.splitlines() == [
        f"melonnx: {text}: is not audio: it looks like text",
        f"melonnx: {gone}: no such file",
        f"melonnx: {tmp_path}: is a folder without music; --recursive looks in its subfolders too",
    ]


def test_truncated_mp3_is_answered_and_c_libraries_stay_quiet(melonnx, tiny_model, tmp_path):
    mp3 = encode(make_song(24), RATE, "MP3", "MPEG_LAYER_III")
    path = tmp_path / "half.mp3"
    path.write_bytes(mp3[: len(mp3) // 2])
    result = melonnx("classify", path, "--model", tiny_model)
    assert result.returncode == 0
    assert result.stdout.startswith(f"{path}\t")
    assert result.stderr.startswith(f"melonnx: {path}: truncated: ")
    assert len(result.stderr.splitlines()) == 1


def test_sub_genres_come_last_on_a_line_and_in_json(melonnx, song, tree_model):
    result = melonnx("classify", song, "--model", tree_model)
    *_, sure, leaf, probability = result.stdout.rstrip("\n").split("\t")
    row = json.loads(melonnx("classify", song, "--model", tree_model, "--json").stdout)
    assert sure in {"sure", "unsure"}
    assert (leaf, float(probability)) == (
        row["subgenre"],
        pytest.approx(row["subgenres"][leaf], abs=1e-4),
    )
    assert sum(row["subgenres"].values()) == pytest.approx(1)
    assert len(row["subgenres"]) == 6


def test_table_on_a_terminal(song, tiny_model, tree_model):
    shown = shown_on_a_terminal(song, tiny_model)
    assert "song" in shown
    assert "runners-up" in shown
    assert str(song) in shown
    assert "%" in shown
    assert "sub-genre" not in shown
    assert "sub-genre" in shown_on_a_terminal(song, tree_model)


def shown_on_a_terminal(song, model):
    leader, follower = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "melonnx.infer",
        "classify",
        str(song),
        "--model",
        str(model),
    ]
    environment = os.environ | {"COLUMNS": "300", "TERM": "xterm"}
    subprocess.run(command, stdout=follower, stderr=subprocess.DEVNULL, check=True, env=environment)
    os.close(follower)
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    return shown


def test_reader_that_goes_away_is_no_traceback(song, tiny_model):
    songs = '"$SONG" ' * 40
    line = f"{sys.executable} -m melonnx.infer classify {songs} --model {tiny_model} | head -1"
    result = subprocess.run(
        line,
        shell=True,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SONG": str(song)},
    )
    assert len(result.stdout.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_pipes_are_read_where_somebody_writes_and_refused_where_nobody_may(
    melonnx, song, tiny_model, tmp_path
):
    with song.open("rb") as piped:
        data = piped.read()
    command = [sys.executable, "-m", "melonnx.infer", "classify", "/dev/stdin"]
    result = subprocess.run(
        [*command, "--model", str(tiny_model)], input=data, capture_output=True, check=True
    )
    assert result.stdout.startswith(b"/dev/stdin\t")
    fifo = tmp_path / "pipe.mp3"
    os.mkfifo(fifo)
    result = melonnx("classify", fifo, "--model", tiny_model, timeout=60)
    assert result.returncode == 1
    assert result.stderr == f"melonnx: {fifo}: is a pipe; hand it over as /dev/stdin\n"


def in_shell(arguments, song, text, model):
    """Run ``melonnx`` with ``arguments``, which name the files as $SONG, $TEXT and $MODEL."""
    return subprocess.run(
        f"{sys.executable} -m melonnx.infer {arguments}",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SONG": str(song), "TEXT": str(text), "MODEL": str(model)},
    )


@pytest.mark.parametrize("closed", ["2>&-", "2>&- <&-"])
def test_closed_stderr_is_no_obstacle(song, text, tiny_model, closed):
    lines = in_shell(f'classify "$TEXT" "$SONG" --model "$MODEL" {closed}', song, text, tiny_model)
    assert lines.returncode == 1
    assert [line.split("\t")[0] for line in lines.stdout.splitlines()] == [str(song)]
    rows = in_shell(f'classify "$TEXT" --json --model "$MODEL" {closed}', song, text, tiny_model)
    assert [json.loads(row)["status"] for row in rows.stdout.splitlines()] == ["unreadable"]


def test_closed_stdout_is_no_obstacle(song, text, tiny_model):
    result = in_shell('classify "$TEXT" "$SONG" --model "$MODEL" >&-', song, text, tiny_model)
    assert result.returncode == 1
    assert result.stderr == f"melonnx: {text}: is not audio: it looks like text\n"


@pytest.mark.parametrize("arguments", ['classify "$SONG" --model "$MODEL"', 'info "$MODEL"'])
def test_full_disk_is_one_line(song, text, tiny_model, arguments):
    result = in_shell(f"{arguments} >/dev/full", song, text, tiny_model)
    assert result.returncode == 1
    assert result.stderr == "melonnx: [Errno 28] No space left on device\n"


def test_an_empty_path_is_not_the_current_folder(melonnx, song, tiny_model):
    result = melonnx("classify", "", song, "--model", tiny_model, cwd=song.parent)
    assert result.returncode == 1
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == [str(song)]
    assert result.stderr == "melonnx: an empty path names no file\n"


def test_control_characters_in_a_name_break_no_line_and_reach_no_terminal(
    melonnx, song, tiny_model, tmp_path
):
    strange = tmp_path / "a\nb\tc\x1b[31m\x9b.wav"
    strange.write_bytes(song.read_bytes())
    bad = tmp_path / "a\x1b]0;b\nc.wav"
    bad.write_text("only words\n" * 99)
    name = f"{tmp_path}/a\\nb\\tc\\x1b[31m\\x9b.wav"
    lines = melonnx("classify", strange, bad, "--model", tiny_model)
    assert [line.split("\t")[0] for line in lines.stdout.split("\n")] == [name, ""]
    assert lines.stderr == (
        f"melonnx: {tmp_path}/a\\x1b]0;b\\nc.wav: is not audio: it looks like text\n"
    )
    row = json.loads(melonnx("classify", strange, "--json", "--model", tiny_model).stdout)
    assert row["path"] == str(strange)
    assert name in shown_on_a_terminal(strange, tiny_model)


def test_model_and_device_errors_are_one_line(melonnx, song, text):
    for arguments in (("--model", text), ("--device", "warp")):
        result = melonnx("classify", song, *arguments)
        assert result.returncode == 1
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("melonnx: ")


def test_info_tells_what_the_file_says(melonnx, tiny_model):
    shown = melonnx("info", tiny_model).stdout
    for expected in ("name: tiny", "drone, noise, pulse", "hop_length: 1707", "window: 130"):
        assert expected in shown
    assert "parents" not in shown
    assert json.loads(melonnx("info", tiny_model, "--json").stdout)["labels"][0] == "drone"


def test_info_shows_a_tree_as_one(melonnx, tree_model):
    shown = melonnx("info", tree_model).stdout
    assert "labels:\n  drone: drone > hum, drone > buzz, drone\n  pulse: pulse > fast" in shown
    assert "parents" not in shown


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        (["sklearn", "tensorflow", "keras"], ["train", "SONGS", "--out", "RUN"], "train"),
        (["onnx"], ["train", "SONGS", "--head", "--out", "OWN.onnx"], "train"),
        (["onnx"], ["wave", "genre-small", "--out", "SMALL.wave.onnx"], "verify"),
        (["matplotlib"], ["picture", "SONG", "--stage", "mel", "-o", "OUT.png"], "demo"),
        (
            ["distributed"],
            ["classify", "SONG", "-o", "OUT.csv", "--cluster", "local[1]"],
            "cluster",
        ),
        (["fsspec"], ["classify", "s3://music/a.mp3"], "cluster"),
    ],
)
def test_a_missing_extra_is_named(song, tmp_path, missing, command, extra):
    places = {"SONGS": str(song.parent), "SONG": str(song)}
    line = ["melonnx", *(places.get(word, word) for word in command)]
    program = (
        "import sys\n"
        f"sys.modules |= dict.fromkeys({missing!r})\n"
        f"sys.argv = {line!r}\n"
        "from melonnx.infer.cli.main import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert result.returncode == 1
    assert f'pip install "melonnx[{extra}]"' in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_name_is_too_odd_for_what_reads_stdout(song, tiny_model, encoding):
    odd = song.with_name("日本.wav")
    odd.write_bytes(song.read_bytes())
    result = subprocess.run(
        [sys.executable, "-m", "melonnx.infer", "classify", odd, "--model", tiny_model],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert (result.returncode, result.stderr) == (0, b"")
    name = "日本" if encoding == "utf-8" else r"\u65e5\u672c"
    assert f"{name}.wav\t".encode() in result.stdout


def test_a_closed_stdin_is_one_line(song, text, tiny_model):
    result = in_shell('classify - --model "$MODEL" <&-', song, text, tiny_model)
    assert result.returncode == 1
    assert result.stderr == "melonnx: -: stdin is closed\n"


@pytest.mark.parametrize("output", ["", ".", "/"])
def test_what_is_no_name_of_an_output_is_refused_before_anything_is_heard(
    melonnx, song, tiny_model, tmp_path, output
):
    result = melonnx("classify", song, "-o", output, "--model", tiny_model, cwd=tmp_path)
    assert result.returncode == 2
    assert "names no file" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


def test_a_folder_takes_parts_only(melonnx, song, tiny_model, tmp_path):
    result = melonnx("classify", song, "-o", tmp_path, "--json", "--model", tiny_model)
    assert result.returncode == 2
    assert "is a folder" in " ".join(result.stderr.replace("│", " ").split())


def test_urls_are_heard_without_a_cluster(melonnx, song, tiny_model):
    pytest.importorskip("fsspec", reason="needs the cluster extra")
    url, gone = f"file://{song}", f"file://{song}.gone"
    result = melonnx("classify", url, gone, "--json", "--model", tiny_model)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["path"], row["status"]) for row in rows] == [(url, "ok"), (gone, "no_music")]
    assert result.returncode == 1
