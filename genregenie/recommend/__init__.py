"""More like this: acoustic neighbours, computed here, and Spotify, searched by genre."""
