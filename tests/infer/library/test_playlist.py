"""Playlists of many programs, and lists on stdin, name the files that are there."""

import os

import pytest

from melonnx.infer.library.playlist import read_list, read_playlist


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in (b"a.mp3", b"sub/b c.mp3", b"caf\xe9.mp3", "naïve.mp3".encode(), b"100%25.mp3"):
        (tmp_path / os.fsdecode(name)).touch()
    return tmp_path


def named(folder, data, name="list.m3u"):
    (folder / name).write_bytes(data)
    return [path.removeprefix(f"{folder}/") for path in read_playlist(folder / name)]


def test_entries_are_relative_to_the_playlist_and_comments_are_left_out(folder):
    data = b"#EXTM3U\r\n#EXTINF:12,Somebody\r\na.mp3\r\n\r\n  sub/b c.mp3  \r\n/else/where.mp3\r\n"
    assert named(folder, data) == ["a.mp3", "sub/b c.mp3", "/else/where.mp3"]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (b"\xef\xbb\xbfa.mp3", "a.mp3"),
        ("a.mp3\n".encode("utf-16"), "a.mp3"),
        (b"sub\\b c.mp3", "sub/b c.mp3"),
        (b"sub/b%20c.mp3", "sub/b c.mp3"),
        (b"100%25.mp3", "100%25.mp3"),
        ("naïve.mp3".encode(), "naïve.mp3"),
        ("naïve.mp3".encode("cp1252"), "naïve.mp3"),
        (b"caf\xe9.mp3", "caf\udce9.mp3"),
        (b"gone.mp3", "gone.mp3"),
        (b"http://radio/live.mp3", "http://radio/live.mp3"),
    ],
)
def test_an_entry_is_read_as_what_exists(folder, entry, path):
    assert named(folder, entry) == [path]


def test_file_urls_are_paths(folder):
    for start in (f"file://{folder}", f"file://localhost{folder}", f"file:{folder}"):
        assert named(folder, f"{start}/sub/b%20c.mp3".encode()) == ["sub/b c.mp3"]


def test_a_list_is_lines_or_ends_in_nul():
    assert read_list(b"a.mp3\nb c.mp3\r\n\ncaf\xe9.mp3") == ["a.mp3", "b c.mp3", "caf\udce9.mp3"]
    assert read_list(b"a\nb.mp3\0c.mp3\0") == ["a\nb.mp3", "c.mp3"]
    assert read_list(b"") == []


@pytest.mark.parametrize("entry", [b"file://[x", b"file://", b"file:", b"file:///%00.mp3"])
def test_a_url_that_is_none_names_what_is_not_there(folder, entry):
    (path,) = named(folder, entry)
    assert not os.path.lexists(path)


def test_a_url_may_have_signs_that_it_should_have_escaped(folder):
    for name in ("Symphony #1?.mp3", "50% off.mp3"):
        (folder / name).touch()
        assert named(folder, f"file://{folder}/{name}".encode()) == [name]


FORMS = {
    "list.pls": "[playlist]\nFile2={b}\nTitle2=x\nFile1={a}\nLength1=-1\nNumberOfEntries=2\n",
    "crlf.pls": "[Playlist]\r\nfile1={a}\r\nFILE2= {b}\r\n",
    "list.xspf": '<?xml version="1.0" encoding="UTF-8"?>\n<playlist version="1" '
    'xmlns="http://xspf.org/ns/0/"><location>file:///the/list.xspf</location><trackList>'
    "<track><title>x</title><location>{a}</location></track><!-- <track><location>no</location>"
    "</track> --><track><location>\n {bq} </location></track></trackList></playlist>",
    "named.xspf": '<x:playlist xmlns:x="http://xspf.org/ns/0/"><x:trackList><x:track><x:location>'
    "{a}</x:location></x:track><x:track><x:location>{bq}</x:location></x:track></x:trackList>",
    "list.asx": '<ASX Version="3.0"><Entry><REF HREF="{a}" /></Entry>\n'
    "<entry><title>R&B</title><ref href = '{b}'></entry></asx>",
    "list.wpl": '<?wpl version="1.0"?><smil><body><seq><media src="{a}" tid="x"/>'
    '<media tid="y" src="{b}"/></seq></body></smil>',
    "album.cue": 'REM GENRE Rock\nFILE "{a}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'
    '  TRACK 02 AUDIO\n FILE "{a}" WAVE\nFILE "{b}" MP3\r\n',
    "cr.m3u": "#EXTM3U\r#EXTINF:1,x\r{a}\r{b}\r",
    "really.m3u": "[playlist]\nFile1={a}\nFile2={b}\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_playlists_of_other_programs(folder, name):
    names = {"a": "naïve.mp3", "b": "sub/b c.mp3", "bq": "sub/b%20c.mp3"}
    assert named(folder, FORMS[name].format(**names).encode(), name) == ["naïve.mp3", "sub/b c.mp3"]


def test_signs_that_xml_escapes(folder):
    for name in ("R&B <live>.mp3", "100% & more.mp3"):
        (folder / name).touch()
    asx = b'<asx><ref href="R&amp;B &lt;live&gt;.mp3"/><ref href="100% & more.mp3"/></asx>'
    assert named(folder, asx, "a.asx") == ["R&B <live>.mp3", "100% & more.mp3"]
    xspf = b"<playlist><track><location><![CDATA[R&B <live>.mp3]]></location></track></playlist>"
    assert named(folder, xspf, "a.xspf") == ["R&B <live>.mp3"]
    latin = '<?xml version="1.0" encoding="latin-1"?><track><location>naïve.mp3</location>'
    assert named(folder, latin.encode("latin-1"), "b.xspf") == ["naïve.mp3"]


def test_lists_in_lists_are_read_once_and_loops_end(folder):
    (folder / "sub" / "inner.m3u").write_text("b c.mp3\n../list.m3u\n../more.pls\n")
    (folder / "more.pls").write_text("[playlist]\nFile1=naïve.mp3\n", "utf-8")
    found = named(folder, b"a.mp3\nsub/inner.m3u\nsub/inner.m3u\ngone.m3u\n100%25.mp3\n")
    assert found == ["a.mp3", "sub/b c.mp3", "sub/../naïve.mp3", "gone.m3u", "100%25.mp3"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_entry_in_another_unicode_form_is_found(folder, form):
    from unicodedata import normalize

    there, asked = normalize(form, "Jóga.mp3"), {normalize(n, "Jóga.mp3") for n in ("NFC", "NFD")}
    (folder / there).touch()
    for entry in asked:
        assert [normalize(form, name) for name in named(folder, entry.encode())] == [there]
        assert os.path.lexists(folder / named(folder, entry.encode())[0])


def test_what_is_no_list_names_nothing_or_says_so(folder):
    assert named(folder, b"<html><body>no</body></html>", "a.xspf") == []
    assert named(folder, b"[playlist]\nNumberOfEntries=0\n", "a.pls") == []
    (folder / "big.m3u").write_bytes(b"#" * (33 << 20))
    with pytest.raises(OSError, match="too long"):
        read_playlist(folder / "big.m3u")


def test_garbage_ends_soon(folder):
    """In time that grows with its length: no pattern looks for its end from every beginning."""
    for piece in (b"<track", b"<ref ", b"<!--", b"FILE ", b"<location>", b"\n", b"file1= ", b' "'):
        for name in ("a.xspf", "a.cue", "a.pls"):
            for head in (b"<", b"[playlist]", b""):
                named(folder, head + piece * 50_000, name)
