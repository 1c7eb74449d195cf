"""musicnn's own call for the tags of a song; it opens its network anew for each."""

from musicnn.tagger import top_tags
from timed import report

report(lambda path: top_tags(path, model="MTT_musicnn", topN=3, print_tags=False))
