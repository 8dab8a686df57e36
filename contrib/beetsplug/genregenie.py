"""A plug-in for beets: ``beet genregenie`` listens to songs and writes what it hears.

In beets' configuration::

    plugins: genregenie
    pluginpath: /path/to/contrib/beetsplug
    genregenie:
        force: no      # songs that have a genre keep it
        unsure: no     # a genre of which the model is not sure is not written
        jobs: -1       # processes; one for each core
"""

from beets import ui
from beets.plugins import BeetsPlugin

import genregenie
from genregenie.common.genres import display_name


class GenreGeniePlugin(BeetsPlugin):
    """Genres by ear, with tempo and key where they are sure."""

    def __init__(self):
        super().__init__()
        self.config.add({"force": False, "unsure": False, "jobs": -1})

    def commands(self):
        """The command, ``beet genregenie QUERY``."""
        command = ui.Subcommand("genregenie", help="name genres, tempi and keys by ear")
        command.parser.add_option(
            "-f", "--force", action="store_true", help="also of songs that have a genre"
        )
        command.parser.add_option(
            "-p", "--pretend", action="store_true", help="say what would be written"
        )
        command.func = self.run
        return [command]

    def run(self, lib, options, words):
        """Listen to the songs that `words` find."""
        force = options.force or self.config["force"].get(bool)
        items = [item for item in lib.items(words) if force or not item.genres]
        paths = [item.filepath for item in items]
        spread, jobs = genregenie.SIX_STRETCHES, self.config["jobs"].get(int)
        results = genregenie.classify_many(paths, spread=spread, jobs=jobs)
        for item, result in zip(items, results, strict=True):
            self.write(item, result, pretend=options.pretend)

    def write(self, item, result, *, pretend):
        """Write what was heard in a song into beets' library and, if beets writes, the file."""
        ui.print_(f"{item}: {result}")
        if isinstance(result, genregenie.AudioError):
            return
        if result.verdict == "confident" or (result.genre and self.config["unsure"].get(bool)):
            item.genres = [display_name(result.genre)]
        if result.is_tempo_sure:
            item.bpm = round(result.tempo_bpm)
        if result.is_key_sure:
            tonic, scale = result.key.split()
            item.initial_key = f"{tonic}m" if scale == "minor" else tonic
        if not pretend:
            item.store()
            if ui.should_write():
                item.try_write()
