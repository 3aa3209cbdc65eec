"""What the adapters over SQL databases share: nothing here knows which database it is.

Each adapter gives its own tables, its own search of texts and its own way to commit.
"""

__all__: list[str] = []
