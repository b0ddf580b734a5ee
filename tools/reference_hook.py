"""A hook of MkDocs: the reference is made from the schema classes whenever the site is built."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from kbuilder.describing import reference_pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the reference to those of the folder `docs/`."""
    for name, text in reference_pages.pages().items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    return files
