"""Lists of layers and blocks in a recipe; plug-ins derive their own from `Block`."""

from kbuilder.layer_lists.lists import Block as Block
