"""What kind of word each listeners' tag is: a style, a mood, a voice or an era."""

__all__ = ["TAG_GROUPS", "group_of"]

TAG_GROUPS: dict[str, tuple[str, ...]] = {
    "styles": (
        *("rock", "alternative", "alternative rock", "classic rock", "hard rock", "indie"),
        *("indie rock", "indie pop", "progressive rock", "punk", "metal", "heavy metal", "pop"),
        *("dance", "electronic", "electronica", "electro", "house", "ambient", "hip-hop", "rnb"),
        *("soul", "funk", "jazz", "blues", "folk", "country", "experimental", "oldies"),
    ),
    "moods": (
        *("happy", "sad", "mellow", "chill", "chillout", "party", "sexy", "beautiful", "catchy"),
        "easy listening",
    ),
    "voices": (
        *("female vocalist", "female vocalists", "male vocalists", "instrumental", "acoustic"),
        "guitar",
    ),
    "eras": ("60s", "70s", "80s", "90s", "00s"),
}
"""The commonest last.fm tags of the Million Song Dataset, in small letters."""

_GROUP_OF = {tag: group for group, tags in TAG_GROUPS.items() for tag in tags}


def group_of(tag: str) -> str:
    """The group of a tag, in any letters; empty for one that is in none."""
    return _GROUP_OF.get(tag.lower(), "")
